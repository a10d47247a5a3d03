import { describe, expect, test } from "vitest";
import { type AcquireOptions, LockTimeoutError } from "../../src/index.ts";
import { type Bench, bench, lockKeys, rejection } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";

/** How a failing acquire ended, after how long, and when each of its attempts was sent. */
async function fail({ clock, locks, network }: Bench, options: AcquireOptions) {
  const began = clock.monotonic();
  const error = await clock.runUntilSettled(rejection(locks.acquire("x", options)));
  const took = clock.monotonic() - began;
  const attempts = network.calls.filter(({ command }) => command === "acquire").map(({ at }) => at - began);
  return { error, took, attempts };
}

async function heldByRival(options: AcquireOptions = {}, seed = 1): Promise<Bench> {
  const all = bench({}, seed);
  await all.rival.acquire("x", options);
  return all;
}

describe("a wait is bounded", () => {
  test.each([
    ["nothing arrives", BLACK_HOLE],
    ["every answer is lost", LOST_REPLY],
    ["every answer takes 700 ms", { answers: 700, says: ["busy", -1, "", "="] }],
  ])("in time, while %s", async (_, treatment) => {
    const all = bench();
    all.network.treat = () => treatment;
    const { took, attempts } = await fail(all, { wait: "3s", commandTimeout: "1s" });
    expect(took).toBeGreaterThan(2000);
    expect(took).toBeLessThanOrEqual(3000);
    expect(attempts.length).toBeGreaterThan(1);
  });

  test("by the limit of one command when wait is 0", async () => {
    const all = bench();
    all.network.treat = () => BLACK_HOLE;
    expect(await fail(all, { wait: 0, commandTimeout: "2s" })).toMatchObject({ took: 2000, attempts: [0] });
  });

  test("in requests, however long it may last", async () => {
    const hung = bench();
    hung.network.treat = () => BLACK_HOLE;
    const { took, attempts } = await fail(hung, {
      wait: Number.POSITIVE_INFINITY,
      maxAttempts: 3,
      commandTimeout: "1s",
    });
    expect(attempts).toHaveLength(3);
    expect(took - (attempts[2] as number)).toBe(1000);

    const busy = await fail(await heldByRival(), { maxAttempts: 3 });
    expect(busy.attempts).toHaveLength(3);
    expect(busy.error).toMatchObject({ code: "TIMEOUT", attempts: 3 });
  });

  test("and infinite when it says so", async () => {
    const { clock, locks, rival } = await heldByRival({ ttl: "24h" });
    const holder = rival.withOptions({ ttl: "24h" });
    const waiting = locks.acquire("x", { wait: Number.POSITIVE_INFINITY, retry: () => 60_000 });
    await clock.advance(86_400_000 - 10);
    expect(await holder.tryAcquire("x")).toBe(null);
    await clock.advance(1000);
    expect((await waiting).held).toBe(true);
  });

  test("leaves no timer behind, and no request once its clean-up is given up", async () => {
    const { clock, locks, network } = bench();
    network.treat = () => BLACK_HOLE;
    await clock.runUntilSettled(rejection(locks.acquire("x", { wait: "3s" })));
    await clock.advance(60_000);
    const sent = network.calls.length;
    await clock.advance(3_600_000);
    expect(network.calls).toHaveLength(sent);
    expect(clock.pending.count).toBe(0);
  });
});

describe("between attempts", () => {
  test("nobody sleeps past the moment at which the holder's lock expires", async () => {
    const { clock, locks } = await heldByRival({ ttl: "2s" });
    const began = clock.monotonic();
    await clock.runUntilSettled(locks.acquire("x", { wait: "1h", retry: () => 3_600_000 }));
    expect(clock.monotonic() - began).toBeGreaterThanOrEqual(2000);
    expect(clock.monotonic() - began).toBeLessThan(2020);
  });

  test("and learns of a holder who extended", async () => {
    const all = bench();
    const held = await all.rival.acquire("x", { ttl: "2s" });
    const began = all.clock.monotonic();
    const waiting = all.locks.acquire("x", { wait: "1h", retry: () => 3_600_000 });
    await all.clock.advance(1500);
    await held.extend("5s");
    await all.clock.runUntilSettled(waiting);
    expect(all.clock.monotonic() - began).toBeGreaterThanOrEqual(6500);
    expect(all.clock.monotonic() - began).toBeLessThan(6540);
  });

  test.each([
    [{ wait: "1s" }],
    [{ wait: "10s" }],
    [{ maxAttempts: 3 }],
    [{ wait: 0 }],
    [{ wait: 1 }],
    [{ wait: "1s", retry: () => 700 }],
  ])("%o: no sleep follows the last one", async (options) => {
    for (let seed = 1; seed <= 20; seed++) {
      const { took, attempts, error } = await fail(await heldByRival({}, seed), options);
      expect(error).toBeInstanceOf(LockTimeoutError);
      expect(took).toBe(attempts.at(-1));
    }
  });

  test("the last one is sent when the wait is nearly over", async () => {
    const { took } = await fail(await heldByRival({ ttl: "1h" }), { wait: "10s", retry: () => 60_000 });
    expect(took).toBeGreaterThan(9900);
  });

  test("the defaults send 13 to 20 requests in 10 s on average, and never as many as 35", async () => {
    const counts: number[] = [];
    for (let seed = 1; seed <= 60; seed++) {
      counts.push((await fail(await heldByRival({}, seed), {})).attempts.length);
    }
    const mean = counts.reduce((sum, count) => sum + count) / counts.length;
    expect(mean).toBeGreaterThan(13);
    expect(mean).toBeLessThan(20);
    expect(Math.max(...counts)).toBeLessThan(35);
  });

  test.each([0, -5, Number.NaN, Number.NEGATIVE_INFINITY, undefined, "soon", {}])(
    "a delay of %o does not spin",
    async (delay) => {
      const { attempts } = await fail(await heldByRival(), { wait: "1s", retry: () => delay as number });
      expect(attempts.length).toBeGreaterThan(10);
      expect(attempts.length).toBeLessThanOrEqual(201);
    },
  );

  test("a delay of min 0 does not spin", async () => {
    const { attempts } = await fail(await heldByRival(), { wait: "1s", retry: { min: 0 } });
    expect(attempts.length).toBeLessThanOrEqual(201);
  });

  test("an infinite delay is an attempt at the end", async () => {
    const { attempts, took } = await fail(await heldByRival({ ttl: "1h" }), {
      wait: "1s",
      retry: () => Number.POSITIVE_INFINITY,
    });
    expect(attempts).toEqual([0, took]);
  });

  test("a retry function is told the number of the attempt that failed", async () => {
    const told: number[] = [];
    await fail(await heldByRival(), {
      maxAttempts: 4,
      retry: (attempt) => {
        told.push(attempt);
        return 10;
      },
    });
    expect(told).toEqual([1, 2, 3]);
  });

  test.each([
    ["busy", { intercepted: ["busy", -1, "", "="] }],
    ["unknown", LOST_REPLY],
  ])(
    "a retry function that throws (after an answer that was %s) ends the wait, and nothing is left",
    async (_, treatment) => {
      const all = bench();
      all.network.treat = ({ command }) => (command === "acquire" ? treatment : undefined);
      const mistake = new Error("in the caller's code");
      const { error } = await fail(all, {
        retry: () => {
          throw mistake;
        },
      });
      expect(error).toBe(mistake);
      await all.clock.advance(1000);
      expect(lockKeys(all.store)).toEqual([]);
      expect(all.clock.pending.count).toBe(0);
    },
  );
});

test("an expiry that passes while an answer is on its way is not slept past", async () => {
  const { clock, locks, network } = await heldByRival({ ttl: "1s" });
  network.treat = ({ command, nth }) => (command === "acquire" && nth === 2 ? { answers: 50 } : undefined);
  const began = clock.monotonic();
  const retry = (attempt: number) => (attempt === 1 ? 990 : 3_600_000);
  await clock.runUntilSettled(locks.acquire("x", { wait: "2h", retry }));
  expect(clock.monotonic() - began).toBeLessThan(1_100);
});
