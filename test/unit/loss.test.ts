import { describe, expect, test } from "vitest";
import { isLockError, type Lease, LockLostError } from "../../src/index.ts";
import { type Bench, bench, lockKeys, rejection } from "../support/bench.ts";
import { LOST_REPLY } from "../support/wire.ts";

const HOUR = 3_600_000;

/** Frees the lock behind its holder's back, as if its key had been lost. */
async function lose({ rival }: Bench, lease: Lease): Promise<void> {
  expect(await rival.restore({ name: lease.name, token: lease.token }).release()).toBe(true);
}

function aborts(lease: Lease): LockLostError[] {
  const reasons: LockLostError[] = [];
  lease.signal.addEventListener("abort", () => reasons.push(lease.signal.reason));
  return reasons;
}

describe("on the next line, before any await, a lease is over", () => {
  test.each([[true], [false]])("after an event loop that was blocked past its deadline (renew: %s)", async (renew) => {
    const { clock, locks } = bench();
    const lease = await locks.acquire("x", { renew });
    clock.block(29_690);
    expect([lease.held, lease.remaining() > 0]).toEqual([true, true]);
    clock.block(10);
    expect([lease.held, lease.remaining(), lease.signal.aborted]).toEqual([false, 0, true]);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "expired" });
  });

  test("and a blocked loop sends no renewal for it afterwards", async () => {
    const { clock, locks, network } = bench();
    const lease = await locks.acquire("x", { renew: true });
    clock.block(31_000);
    await clock.advance(HOUR);
    expect(network.sent("extend")).toBe(0);
    expect(lease.held).toBe(false);
  });

  test("after the wall clock jumped forward, and it stays over when that jumps back", async () => {
    const { clock, locks } = bench();
    const lease = await locks.acquire("x");
    clock.jumpWall(HOUR);
    expect([lease.held, lease.remaining()]).toEqual([false, 0]);
    clock.jumpWall(-HOUR);
    expect([lease.held, lease.remaining(), lease.signal.aborted]).toEqual([false, 0, true]);
    expect(await lease.verify()).toBe(false);
    expect(await rejection(lease.extend())).toBeInstanceOf(LockLostError);
  });

  test("by the monotonic clock when the wall clock jumped back", async () => {
    const { clock, locks } = bench();
    const lease = await locks.acquire("x");
    const reasons = aborts(lease);
    clock.jumpWall(-HOUR);
    await clock.advance(29_600);
    expect(lease.held).toBe(true);
    await clock.advance(100);
    expect([lease.held, reasons.length]).toEqual([false, 1]);
  });
});

describe("the signal", () => {
  test.each([20, 100, 250, 1000, 30_000, 86_400_000])(
    "of an unrenewed lease of %d ms fires once, min(ttl / 10, 25) ms before the drift-adjusted deadline",
    async (ttl) => {
      const { clock, locks, rival } = bench();
      const began = clock.monotonic();
      const lease = await locks.acquire("x", { ttl: `${ttl}ms` });
      const at: number[] = [];
      let freeThen: unknown;
      lease.signal.addEventListener("abort", () => {
        at.push(clock.monotonic() - began);
        freeThen = rival.tryAcquire("x");
      });
      await clock.advance(ttl * 2);
      expect(at).toHaveLength(1);
      expect(at[0]).toBeCloseTo(Math.max(1, ttl - ttl / 100 - 2 - Math.min(ttl / 10, 25)), 5);
      expect(await freeThen).toBe(null);
      expect(lease.signal.reason).toMatchObject({ reason: "expired", lockName: "x" });
    },
  );

  test("is the same each time, quiet while held and after a release", async () => {
    const { clock, locks } = bench();
    const lease = await locks.acquire("x", { renew: true });
    const { signal } = lease;
    await clock.advance(HOUR / 10);
    await lease.release();
    await clock.advance(HOUR);
    expect(lease.signal).toBe(signal);
    expect(signal.aborted).toBe(false);
    expect((await locks.acquire("y").then((other) => other.release().then(() => other.signal))).aborted).toBe(false);
  });

  test("has fired already when it is first read after the loss", async () => {
    const { clock, locks } = bench();
    const lease = await locks.acquire("x");
    await clock.advance(31_000);
    expect(lease.signal.aborted).toBe(true);
    expect(isLockError(lease.signal.reason, "LOST")).toBe(true);
  });

  test("fires once, though the loss is noticed many times", async () => {
    const all = bench();
    const lease = await all.locks.acquire("x", { renew: true });
    const reasons = aborts(lease);
    await lose(all, lease);
    await Promise.all([lease.verify(), lease.verify(), rejection(lease.extend())]);
    await all.clock.advance(HOUR);
    expect([lease.held, lease.remaining(), await lease.verify(), await lease.release()]).toEqual([
      false,
      0,
      false,
      false,
    ]);
    expect(reasons).toHaveLength(1);
    expect(all.events.filter(({ type }) => type === "lost")).toHaveLength(1);
  });
});

describe("the reason is", () => {
  test("deleted when the key was gone before its time", async () => {
    const all = bench();
    const lease = await all.locks.acquire("x", { renew: true });
    const reasons = aborts(lease);
    await lose(all, lease);
    expect(lease.held).toBe(true);
    await all.clock.advance(10_000);
    expect(reasons.map(({ reason }) => reason)).toEqual(["deleted"]);
    expect(lockKeys(all.store)).toEqual([]);
  });

  test("taken when an operator freed it, or somebody else has it", async () => {
    const all = bench();
    const forced = await all.locks.acquire("x", { renew: true });
    const replaced = await all.locks.acquire("y", { renew: true });
    const reasons = [aborts(forced), aborts(replaced)];
    expect(await all.rival.forceRelease("x")).toBe(true);
    await lose(all, replaced);
    const next = await all.rival.acquire("y");
    await all.clock.advance(10_000);
    expect(reasons.map(([error]) => error?.reason)).toEqual(["taken", "taken"]);
    expect([await forced.release(), await replaced.release()]).toEqual([false, false]);
    expect(await next.verify()).toBe(true);
  });

  test.each([
    ["verify", (lease: Lease) => lease.verify().then((held) => expect(held).toBe(false))],
    [
      "extend",
      (lease: Lease) => rejection(lease.extend()).then((error) => expect(error).toMatchObject({ reason: "taken" })),
    ],
  ])("known at once to %s", async (_, ask) => {
    const all = bench();
    const lease = await all.locks.acquire("x");
    await all.rival.forceRelease("x");
    await ask(lease);
    expect(lease.signal.reason).toMatchObject({ reason: "taken" });
  });

  test("max-hold when the automatic renewal ends; the key is left to its ttl", async () => {
    const all = bench();
    const began = all.clock.monotonic();
    const lease = await all.locks.acquire("x", { ttl: "9s", maxHold: "60s", renew: true });
    const at: number[] = [];
    lease.signal.addEventListener("abort", () => at.push(all.clock.monotonic() - began));
    await all.clock.advance(60_000);
    expect(at).toEqual([60_000]);
    expect(lease.signal.reason).toMatchObject({ reason: "max-hold" });
    expect(lease.held).toBe(false);
    expect(lockKeys(all.store)).toEqual(["lock:x"]);
    const sent = all.network.calls.length;
    await all.clock.advance(10_000);
    expect(all.network.calls).toHaveLength(sent);
    expect(lockKeys(all.store)).toEqual([]);
    expect(all.clock.pending.count).toBe(0);
  });

  test("not max-hold where nothing renews, nor before an explicit extend has run out", async () => {
    const all = bench();
    const manual = await all.locks.acquire("x", { ttl: "30s", maxHold: "30s" });
    for (let turn = 0; turn < 10; turn++) {
      await all.clock.advance(20_000);
      await manual.extend();
    }
    expect(manual.held).toBe(true);

    const lease = await all.locks.acquire("y", { ttl: "9s", maxHold: "30s", renew: true });
    await all.clock.advance(25_000);
    await lease.extend("60s");
    await all.clock.advance(59_000);
    expect(lease.held).toBe(true);
    await all.clock.advance(2_000);
    expect(lease.held).toBe(false);
  });
});

describe("release", () => {
  test("is true when this holder freed it, and answers the same again, at once and later", async () => {
    const { clock, locks, network } = bench();
    const lease = await locks.acquire("x");
    expect(await Promise.all([lease.release(), lease.release()])).toEqual([true, true]);
    await clock.advance(HOUR);
    expect(await lease.release()).toBe(true);
    expect(network.sent("release")).toBe(1);
    expect([lease.held, lease.remaining()]).toEqual([false, 0]);
  });

  test("of an expired lock is false, no error, and never frees the next owner's", async () => {
    const { clock, locks, rival } = bench();
    const lease = await locks.acquire("x");
    await clock.advance(31_000);
    const next = await rival.acquire("x");
    expect(await lease.release()).toBe(false);
    expect(await lease.release()).toBe(false);
    expect(await next.verify()).toBe(true);
  });

  test("is true when its answer was lost and asked for again, or when it was sent twice", async () => {
    for (const treatment of [LOST_REPLY, { twice: true }]) {
      const { clock, locks, network, store } = bench();
      network.treat = ({ command, nth }) => (command === "release" && nth === 1 ? treatment : undefined);
      const lease = await locks.acquire("x");
      expect(await clock.runUntilSettled(lease.release())).toBe(true);
      expect(lockKeys(store)).toEqual([]);
    }
  });

  test("of an unknown outcome is asked again until the deadline, and is an outage then", async () => {
    const { clock, locks, network } = bench();
    const lease = await locks.acquire("x", { ttl: "10s" });
    network.treat = () => ({ throws: new Error("socket hang up") });
    const began = clock.monotonic();
    const error = await clock.runUntilSettled(rejection(lease.release()));
    expect(error).toMatchObject({ code: "BACKEND", lockName: "x" });
    expect(network.sent("release")).toBeGreaterThan(3);
    expect(clock.monotonic() - began).toBeLessThanOrEqual(10_000);
    await lease[Symbol.asyncDispose]();
  });

  test("by await using: at the end of the block, also when that throws, and never with an error of its own", async () => {
    const { locks, network, store, events } = bench();
    {
      await using lease = await locks.acquire("x");
      expect(lease.held).toBe(true);
      expect(lockKeys(store)).toEqual(["lock:x"]);
    }
    expect(lockKeys(store)).toEqual([]);
    network.treat = ({ command }) => (command === "release" ? { refuses: new Error("NOAUTH") } : undefined);
    const failing = async () => {
      await using _lease = await locks.acquire("x");
      throw new Error("of the block");
    };
    expect(await rejection(failing())).toMatchObject({ message: "of the block" });
    expect(events.at(-1)).toMatchObject({ type: "failed", during: "release" });
  });

  test("of a lease without a fence, whose fence cannot be read", async () => {
    const { locks, store } = bench();
    const lease = await locks.acquire("x", { fence: false });
    expect(() => lease.fence).toThrow(/fence: false/);
    expect(await lease.release()).toBe(true);
    expect(store.entries()).toEqual([]);
  });
});

test("a deletion that nothing has noticed looks to a release like an earlier copy of itself", async () => {
  const all = bench();
  const lease = await all.locks.acquire("x");
  await lose(all, lease);
  expect(await lease.release()).toBe(true);
  const noticed = await all.locks.acquire("x");
  await lose(all, noticed);
  expect(await noticed.verify()).toBe(false);
  expect(await noticed.release()).toBe(false);
});
