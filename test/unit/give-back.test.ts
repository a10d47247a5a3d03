import { describe, expect, test } from "vitest";
import { type Bench, bench, lockKeys, rejection } from "../support/bench.ts";
import { BLACK_HOLE, type Call, LOST_REPLY, type Treatment } from "../support/wire.ts";

/** Treats the first request so, and everything else well. */
function first(treatment: Treatment): (call: Call) => Treatment | undefined {
  let next: Treatment | undefined = treatment;
  return () => {
    const now = next;
    next = undefined;
    return now;
  };
}

function tokens({ network }: Bench, command: Call["command"]): string[] {
  return network.calls.filter((call) => call.command === command).map(({ token }) => token);
}

describe("a grant whose answer came too late", () => {
  test.each([
    ["its answer was slow", { answers: 990 }, true],
    ["its request was slow", { arrives: 990 }, true],
    ["both were", { arrives: 500, answers: 490 }, true],
    ["unfenced, its answer was slow", { answers: 990 }, false],
  ])("is given back, and the wait goes on with a new token: %s", async (_, treatment, fence) => {
    const all = bench({ ttl: "1s", fence });
    all.network.treat = first(treatment);
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x"));
    await all.clock.advance(0);
    const [late, ...others] = [...tokens(all, "set"), ...tokens(all, "acquire")];
    expect(tokens(all, "release")).toEqual([late]);
    expect(others).not.toContain(late);
    expect(others).toContain(lease.token);
    expect(lease.held).toBe(true);
    expect(all.store.entries().find(({ key }) => key === "lock:x")).toMatchObject({ value: lease.token, pttl: 1000 });
  });

  test("does not delete the next grant when its give-back is held up", async () => {
    const all = bench({ ttl: "1s" });
    const late = first({ answers: 990 });
    all.network.treat = (call) => (call.command === "release" ? { arrives: 700 } : late(call));
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x", { retry: () => 100 }));
    await all.clock.advance(800);
    expect(all.network.sent("release")).toBe(1);
    expect(lease.held).toBe(true);
    expect(await lease.verify()).toBe(true);
  });

  test("is an outage when every answer is late, and nothing stays locked", async () => {
    const all = bench({ ttl: "1s" });
    all.network.treat = ({ command }) => (command === "acquire" ? { answers: 990 } : undefined);
    const error = await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "5s" })));
    expect(error).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(0);
    expect(new Set(tokens(all, "release"))).toEqual(new Set(tokens(all, "acquire")));
    expect(lockKeys(all.store)).toEqual([]);
  });

  test("is not one for a single attempt either", async () => {
    const all = bench({ ttl: "1s" });
    all.network.treat = first({ answers: 995 });
    expect(await all.clock.runUntilSettled(rejection(all.locks.tryAcquire("x")))).toMatchObject({ code: "BACKEND" });
    expect(lockKeys(all.store)).toEqual([]);
  });
});

describe("a lost answer", () => {
  test.each([[true], [false]])(
    "to acquire is found out by asking again with the same token (fence: %s)",
    async (fence) => {
      const all = bench({ fence, commandTimeout: "1s" });
      all.network.treat = first(LOST_REPLY);
      const lease = await all.clock.runUntilSettled(all.locks.acquire("x"));
      expect(new Set([...tokens(all, "set"), ...tokens(all, "acquire")])).toEqual(new Set([lease.token]));
      const { pttl } = all.store.entries().find(({ key }) => key === "lock:x") as { pttl: number };
      expect(lease.remaining()).toBeLessThan(pttl);
      expect(pttl).toBeLessThan(29_100);
    },
  );

  test("a request that was sent twice is granted once, with one fence", async () => {
    const all = bench();
    all.network.treat = () => ({ twice: true });
    const lease = await all.locks.acquire("x");
    expect((await all.rival.query("x")).holders[0]?.fence).toBe(lease.fence);
    expect(await lease.release()).toBe(true);
    expect(lockKeys(all.store)).toEqual([]);
  });
});

describe("a spent token", () => {
  test("is never used again: the next attempt follows at once with another", async () => {
    const all = bench();
    all.network.treat = first({ intercepted: ["spent", -1, "", "="] });
    const began = all.clock.monotonic();
    const lease = await all.locks.acquire("x");
    expect(all.clock.monotonic()).toBe(began);
    const [spent, fresh] = tokens(all, "acquire");
    expect(fresh).not.toBe(spent);
    expect(lease.token).toBe(fresh);
  });

  test("is no answer that can be asked for without end", async () => {
    const all = bench();
    all.network.treat = () => ({ intercepted: ["spent", -1, "", "="], answers: 1 });
    const error = await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "1s", maxAttempts: 20 })));
    expect(error).toMatchObject({ code: "BACKEND" });
    expect(tokens(all, "acquire").length).toBeLessThanOrEqual(20);
  });

  test("locks nothing when its acquire arrives long after its clean-up", async () => {
    const all = bench();
    all.network.treat = ({ command, nth }) => (command === "acquire" ? { arrives: 20_000 + nth } : undefined);
    const error = await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "1s" })));
    expect(error).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(60_000);
    expect(all.network.sent("acquire")).toBeGreaterThanOrEqual(1);
    expect(lockKeys(all.store)).toEqual([]);
  });
});

describe("waitUntil is handed each clean-up", () => {
  async function abandoned(all: Bench): Promise<void> {
    all.network.treat = first(LOST_REPLY);
    await all.clock.runUntilSettled(rejection(all.locks.tryAcquire("x", { commandTimeout: "1s" })));
  }

  test("as a function", async () => {
    const promises: Promise<unknown>[] = [];
    const all = bench({ waitUntil: (promise) => void promises.push(promise) });
    await abandoned(all);
    expect(promises).toHaveLength(1);
    await all.clock.runUntilSettled(Promise.all(promises));
    expect(lockKeys(all.store)).toEqual([]);
  });

  test("as an object, called as its method", async () => {
    class Context {
      readonly #promises: Promise<unknown>[] = [];
      waitUntil(promise: Promise<unknown>): void {
        this.#promises.push(promise);
      }
      get promises(): Promise<unknown>[] {
        return this.#promises;
      }
    }
    const ctx = new Context();
    const all = bench();
    await abandoned({ ...all, locks: all.locks.withOptions({ waitUntil: ctx }) });
    expect(ctx.promises).toHaveLength(1);
  });

  test("which never rejects, and settles though nothing is answered", async () => {
    const promises: Promise<unknown>[] = [];
    const all = bench({ waitUntil: (promise) => void promises.push(promise) });
    all.network.treat = () => BLACK_HOLE;
    await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "1s" })));
    await all.clock.runUntilSettled(Promise.all(promises));
    expect(promises.length).toBeGreaterThan(0);
    expect(all.events.filter(({ during }) => during === "clean-up")).toHaveLength(1);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("this request is over");
      },
    ],
    ["rejects with", () => Promise.reject(new Error("this request is over")) as never],
  ])("and what it %s replaces nothing", async (_, waitUntil: () => void) => {
    const all = bench({ waitUntil });
    all.network.treat = first(LOST_REPLY);
    const error = await all.clock.runUntilSettled(rejection(all.locks.tryAcquire("x")));
    expect(error).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(0);
    expect(lockKeys(all.store)).toEqual([]);
  });

  test("and not called where nothing has to be cleaned up", async () => {
    const promises: unknown[] = [];
    const all = bench({ waitUntil: (promise) => void promises.push(promise) });
    await (await all.locks.acquire("x")).release();
    await all.locks.request("x", () => {});
    await all.rival.acquire("x");
    expect(await all.locks.tryAcquire("x")).toBe(null);
    expect(promises).toEqual([]);
  });
});
