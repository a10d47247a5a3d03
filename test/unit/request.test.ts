import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/index.ts";
import { type Bench, bench, lockKeys, rejection } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";

function sleep({ clock }: Bench, ms: number): Promise<void> {
  return new Promise((resolve) => clock.timer(ms, resolve));
}

describe("what the callback does passes through", () => {
  test.each([
    ["an object", { a: 1 }],
    ["undefined", undefined],
    ["null", null],
    ["a function", () => {}],
    ["an error", new Error("as a value")],
  ])("its result, be it %s, returned or promised", async (_, value) => {
    const { locks, store } = bench();
    expect(await locks.request("x", () => value)).toBe(value);
    expect(await locks.request("x", async () => value)).toBe(value);
    expect(lockKeys(store)).toEqual([]);
  });

  test.each([
    ["an error", new Error("mine")],
    ["a text", "mine"],
    ["undefined", undefined],
    ["an object", { code: "LOST" }],
  ])("its error, be it %s, thrown or rejected", async (_, error) => {
    const { locks, store } = bench();
    const thrown = locks.request("x", () => {
      throw error;
    });
    expect(await rejection(thrown)).toBe(error);
    expect(await rejection(locks.request("x", () => Promise.reject(error)))).toBe(error);
    expect(lockKeys(store)).toEqual([]);
  });

  test("though the release fails: that is reported to onEvent only", async () => {
    const all = bench();
    all.network.treat = ({ command }) =>
      command === "release" ? { refuses: new Error("NOAUTH Authentication required.") } : undefined;
    expect(await all.locks.request("x", () => "result")).toBe("result");
    const error = new Error("mine");
    expect(await rejection(all.locks.request("y", () => Promise.reject(error)))).toBe(error);
    const failed = all.events.filter(({ type }) => type === "failed");
    expect(failed.map(({ name, during }) => [name, during])).toEqual([
      ["x", "release"],
      ["y", "release"],
    ]);
    expect(failed[0]?.error).toMatchObject({ code: "BACKEND" });
  });

  test("though the release is never answered, within the lease's time", async () => {
    const all = bench();
    all.network.treat = ({ command }) => (command === "release" ? BLACK_HOLE : undefined);
    const began = all.clock.monotonic();
    expect(await all.clock.runUntilSettled(all.locks.request("x", { ttl: "10s" }, () => "result"))).toBe("result");
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(10_000);
  });

  test("though the release's answer was lost and a copy of it found nothing", async () => {
    const all = bench();
    all.network.treat = ({ command, nth }) => (command === "release" && nth === 1 ? LOST_REPLY : undefined);
    expect(await all.clock.runUntilSettled(all.locks.request("x", () => "result"))).toBe("result");
    expect(all.network.sent("release")).toBe(2);
  });

  test("when the callback released by itself", async () => {
    const all = bench();
    expect(await all.locks.request("x", async (lease) => [await lease.release(), lease.held])).toEqual([true, false]);
    expect(all.network.sent("release")).toBe(1);
  });
});

describe("the lock was lost before the callback returned", () => {
  test("normally: a LockLostError holds what it returned", async () => {
    const all = bench();
    const running = all.locks.request("x", { renew: false, owner: "me" }, async () => {
      all.clock.block(30_000);
      return { half: "done" };
    });
    expect(await rejection(running)).toMatchObject({
      code: "LOST",
      reason: "expired",
      lockName: "x",
      result: { half: "done" },
    });
  });

  test.each([
    ["deleted", "deleted"],
    ["forced", "taken"],
  ])("and nothing had noticed until the release (%s)", async (how, reason) => {
    const all = bench();
    const running = all.locks.request("x", async ({ token }) => {
      if (how === "forced") await all.rival.forceRelease("x");
      else all.network.treat = () => ({ says: ["unrecorded", -1, "", "="] });
      expect(token).toMatch(/^t/);
      return "work";
    });
    expect(await rejection(running)).toMatchObject({ code: "LOST", reason, result: "work" });
  });

  test("by maxHold", async () => {
    const all = bench({ ttl: "9s", maxHold: "60s" });
    const running = all.locks.request("x", () => sleep(all, 61_000).then(() => "late"));
    expect(await all.clock.runUntilSettled(rejection(running))).toMatchObject({ reason: "max-hold", result: "late" });
  });

  test("with an error: that error, untouched", async () => {
    const all = bench();
    const error = new Error("mine");
    const running = all.locks.request("x", { renew: false }, () =>
      sleep(all, 60_000).then(() => Promise.reject(error)),
    );
    expect(await all.clock.runUntilSettled(rejection(running))).toBe(error);
  });

  test("by throwing the signal's reason: that reason itself", async () => {
    const all = bench();
    let reason: unknown;
    const running = all.locks.request("x", { renew: false }, async ({ signal }) => {
      await sleep(all, 60_000);
      reason = signal.reason;
      signal.throwIfAborted();
    });
    expect(await all.clock.runUntilSettled(rejection(running))).toBe(reason);
    expect(reason).toMatchObject({ code: "LOST", reason: "expired" });
  });
});

describe("overloads and ifAvailable", () => {
  test("(name, callback) and (name, options, callback) hand a lease", async () => {
    const { locks } = bench();
    const seen: (Lease | null)[] = [];
    await locks.request("x", (lease) => void seen.push(lease));
    await locks.request("x", {}, (lease) => void seen.push(lease));
    await locks.request("x", { ifAvailable: false }, (lease) => void seen.push(lease));
    await locks.request("x", { ifAvailable: true }, (lease) => void seen.push(lease));
    expect(seen.map((lease) => lease?.name)).toEqual(["x", "x", "x", "x"]);
  });

  test("ifAvailable calls back at once with null when another has it, and passes the result through", async () => {
    const { clock, locks, rival, network } = bench();
    await rival.acquire("x");
    const began = clock.monotonic();
    expect(await locks.request("x", { ifAvailable: true }, (lease) => [lease])).toEqual([null]);
    expect(await rejection(locks.request("x", { ifAvailable: true }, () => Promise.reject("mine")))).toBe("mine");
    expect(clock.monotonic()).toBe(began);
    expect(network.calls.map(({ command }) => command)).toEqual(["acquire", "acquire"]);
  });

  test("ifAvailable never takes an outage for a busy lock", async () => {
    const all = bench();
    all.network.treat = () => ({ refuses: new Error("connect ECONNREFUSED") });
    let called = false;
    const running = all.locks.request("x", { ifAvailable: true }, () => {
      called = true;
    });
    expect(await rejection(running)).toMatchObject({ code: "BACKEND" });
    expect(called).toBe(false);
  });

  test("the callback is not called when the lock was not had", async () => {
    const { clock, locks, rival } = bench();
    await rival.acquire("x", { ttl: "1h" });
    let called = false;
    const running = locks.request("x", () => {
      called = true;
    });
    expect(await clock.runUntilSettled(rejection(running))).toMatchObject({ code: "TIMEOUT" });
    expect(called).toBe(false);
  });
});

test("nothing fires after it: no request, no timer, and the lease is over", async () => {
  const all = bench();
  let leaked: Lease | undefined;
  await all.clock.runUntilSettled(
    all.locks.request("x", async (lease) => {
      leaked = lease;
      await sleep(all, 95_000);
    }),
  );
  const sent = all.network.calls.length;
  expect(all.clock.pending.count).toBe(0);
  await all.clock.advance(3_600_000);
  expect(all.network.calls).toHaveLength(sent);
  expect([leaked?.held, leaked?.signal.aborted]).toEqual([false, false]);
});

test("a lock is not re-entrant, and a wait for oneself says whose label it is", async () => {
  const all = bench({ owner: "worker 7" });
  const running = all.locks.request("x", () => all.locks.request("x", { wait: "1s" }, () => "never"));
  expect(await all.clock.runUntilSettled(rejection(running))).toMatchObject({
    code: "TIMEOUT",
    holder: "worker 7",
    message: expect.stringMatching(/"worker 7".*own label/),
  });
});

test("calls at the same time through one object share nothing but the store", async () => {
  const all = bench();
  let [inside, most] = [0, 0];
  const turns = Array.from({ length: 20 }, (_, turn) =>
    all.locks.request("x", { wait: "10m", ttl: "30s" }, async (lease) => {
      most = Math.max(most, ++inside);
      await sleep(all, 100);
      inside--;
      return [turn, lease.fence];
    }),
  );
  const results = await all.clock.runUntilSettled(Promise.all(turns));
  expect(most).toBe(1);
  expect(results.map(([turn]) => turn)).toEqual(Array.from({ length: 20 }, (_, turn) => turn));
  expect(new Set(results.map(([, fence]) => fence)).size).toBe(20);
  expect(new Set(all.network.calls.filter(({ command }) => command === "release").map(({ token }) => token)).size).toBe(
    20,
  );
});

test("wrap runs a function under the lock, with its this, its arguments and its outcome", async () => {
  const all = bench();
  const account = {
    id: 7,
    charge: all.locks.wrap(
      async function (this: { id: number }, order: string, cents: number) {
        return [this.id, order, cents, lockKeys(all.store)];
      },
      { name: (order) => `order:${order}`, ttl: "5s" },
    ),
  };
  expect(await account.charge("a", 100)).toEqual([7, "a", 100, ["lock:order:a"]]);
  const fails = all.locks.wrap(() => Promise.reject("mine"), { name: "y" });
  expect(await rejection(fails())).toBe("mine");
  expect(lockKeys(all.store)).toEqual([]);
  const nameless = all.locks.wrap(() => {}, { name: () => "" });
  expect(await rejection(nameless())).toMatchObject({ code: "OPTIONS" });
});
