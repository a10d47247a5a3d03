import { describe, expect, test } from "vitest";
import { createLocks, LockClosedError } from "../../src/index.ts";
import { bench, lockKeys, rejection } from "../support/bench.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { BLACK_HOLE } from "../support/wire.ts";

describe("close", () => {
  test("rejects waiting and later calls, and leaves nothing", async () => {
    const { clock, locks, rival, store, network } = bench();
    const held = await rival.acquire("x");
    const waits = [rejection(locks.acquire("x")), rejection(locks.request("x", () => "never"))];
    await clock.advance(1000);
    const at = clock.monotonic();
    await clock.runUntilSettled(locks.close());
    expect(clock.monotonic()).toBe(at);
    for (const error of await Promise.all(waits)) expect(error).toBeInstanceOf(LockClosedError);

    const sent = network.calls.length;
    const later = [
      locks.acquire("y"),
      locks.tryAcquire("y"),
      locks.request("y", () => {}),
      locks.query("y"),
      locks.forceRelease("y"),
      locks.withOptions({ ttl: "1m" }).acquire("y"),
      locks.list()[Symbol.asyncIterator]().next(),
    ];
    for (const call of later) expect(await rejection(call)).toMatchObject({ code: "CLOSED" });
    expect(() => locks.restore({ name: "y", token: `t${"a".repeat(22)}` })).toThrow(LockClosedError);
    expect(network.calls).toHaveLength(sent);
    await held.release();
    expect(lockKeys(store)).toEqual([]);
    expect(clock.pending.count).toBe(0);
  });

  test("a forceRelease that fails after it leaves nothing under way", async () => {
    const { clock, locks, network } = bench({ commandTimeout: "1s" });
    network.treat = () => BLACK_HOLE;
    const forced = rejection(locks.forceRelease("x"));
    await clock.runUntilSettled(locks.close());
    await clock.runUntilSettled(forced);
    expect(clock.pending.count).toBe(0);
  });

  test("fires the signal of held leases and releases them", async () => {
    const { clock, locks, store, events } = bench();
    const leases = [await locks.acquire("x", { renew: true }), await locks.acquire("y")];
    const signals = leases.map(({ signal }) => signal);
    await clock.runUntilSettled(locks.close());
    expect(signals.map(({ reason }) => reason.reason)).toEqual(["closed", "closed"]);
    expect(leases.map(({ held }) => held)).toEqual([false, false]);
    expect(lockKeys(store)).toEqual([]);
    expect(events.filter(({ type }) => type === "lost").map(({ reason }) => reason)).toEqual(["closed", "closed"]);
    expect(clock.pending.count).toBe(0);
  });

  test("with grace renews what is held until then, and ends as soon as nothing is held", async () => {
    const { clock, locks, store } = bench({ ttl: "9s" });
    const lease = await locks.acquire("x", { renew: true });
    const began = clock.monotonic();
    const closed = locks.close({ grace: "1m" });
    await clock.advance(30_000);
    expect(lease.held).toBe(true);
    await lease.release();
    await clock.runUntilSettled(closed);
    expect(clock.monotonic() - began).toBe(30_000);
    expect(lease.signal.aborted).toBe(false);
    expect(lockKeys(store)).toEqual([]);
  });

  test("with grace that runs out ends what is still held", async () => {
    const { clock, locks, store } = bench({ ttl: "9s" });
    const running = locks.request("x", async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return "unfinished";
    });
    await clock.advance(0);
    const began = clock.monotonic();
    const closed = locks.close({ grace: 60_000 });
    expect(await clock.runUntilSettled(rejection(running))).toMatchObject({ reason: "closed", result: "unfinished" });
    await clock.runUntilSettled(closed);
    expect(clock.monotonic() - began).toBe(60_000);
    expect(lockKeys(store)).toEqual([]);
    expect(clock.pending.count).toBe(0);
  });

  test("settles though nothing is answered, after the time of a few commands", async () => {
    const promises: Promise<unknown>[] = [];
    const { clock, locks, network } = bench({
      commandTimeout: "2s",
      waitUntil: (promise) => void promises.push(promise),
    });
    await locks.acquire("x", { ttl: "1h" });
    network.treat = () => BLACK_HOLE;
    const waiting = rejection(locks.acquire("y", { wait: "1h" }));
    await clock.advance(100);
    const began = clock.monotonic();
    await clock.runUntilSettled(locks.close());
    expect(clock.monotonic() - began).toBeLessThanOrEqual(10_000);
    expect(await waiting).toBeInstanceOf(LockClosedError);
    await clock.runUntilSettled(Promise.all(promises));
    const sent = network.calls.length;
    await clock.advance(7_200_000);
    expect(network.calls).toHaveLength(sent);
    expect(clock.pending.count).toBe(0);
  });

  test("called twice it is one close, and await using calls it", async () => {
    const { clock, locks, store } = bench();
    await locks.acquire("x");
    await clock.runUntilSettled(Promise.all([locks.close(), locks.close({}), locks[Symbol.asyncDispose]()]));
    const other = bench();
    {
      await using scoped = other.locks;
      await scoped.acquire("x");
      expect(lockKeys(other.store)).toEqual(["lock:x"]);
    }
    expect([lockKeys(store), lockKeys(other.store)]).toEqual([[], []]);
  });

  test("ends a release that is under way, after the time of one command", async () => {
    const { clock, locks, network } = bench({ commandTimeout: "1s" });
    const lease = await locks.acquire("x", { ttl: "1h" });
    network.treat = () => ({ refuses: new Error("connect ECONNREFUSED") });
    const released = rejection(lease.release());
    await clock.advance(10);
    const began = clock.monotonic();
    await clock.runUntilSettled(locks.close());
    expect(clock.monotonic() - began).toBe(1000);
    expect(await released).toMatchObject({ code: "BACKEND" });
    const sent = network.calls.length;
    await clock.advance(7_200_000);
    expect(network.calls).toHaveLength(sent);
    expect(clock.pending.count).toBe(0);
  });

  test("ends a clean-up between its two commands, where the transport compares and deletes in one", async () => {
    let sent = 0;
    const hang = () => {
      sent++;
      return new Promise<never>(() => {});
    };
    const clock = virtualClock();
    const locks = createLocks({ set: hang, eval: hang, deleteIf: hang }, { clock, commandTimeout: "1s" });
    const waiting = rejection(locks.acquire("x", { ttl: "10m", wait: "1s" }));
    await clock.advance(500);
    await clock.runUntilSettled(locks.close());
    expect(await waiting).toMatchObject({ code: "CLOSED" });
    const before = sent;
    await clock.advance(7_200_000);
    expect(sent).toBe(before);
    expect(clock.pending.count).toBe(0);
  });

  test("leaves no timer of a renewal that was under way when its lease ended", async () => {
    const { clock, locks, network } = bench();
    await locks.acquire("x", { renew: true, ttl: "300ms", maxHold: 320 });
    network.treat = () => BLACK_HOLE;
    await clock.advance(290);
    await clock.runUntilSettled(locks.close());
    expect(clock.pending.count).toBe(0);
  });

  test.each(["before", "while"])(
    "a restored lease that is verified %s it closes is not held and not renewed",
    async (when) => {
      const { clock, locks, rival, network } = bench();
      const lease = locks.restore((await rival.acquire("x")).handOver(), { renew: true });
      network.treat = () => ({ arrives: 100 });
      const verified = when === "while" ? lease.verify() : undefined;
      await clock.runUntilSettled(locks.close());
      expect(await clock.runUntilSettled(verified ?? lease.verify())).toBe(false);
      expect(lease.held).toBe(false);
      expect(await clock.runUntilSettled(rejection(lease.extend()))).toMatchObject({ code: "LOST", reason: "closed" });
      expect(clock.pending.count).toBe(0);
    },
  );

  test("leaves the store to others", async () => {
    const { clock, locks, rival } = bench();
    await clock.runUntilSettled(locks.close());
    expect((await rival.acquire("x")).held).toBe(true);
  });
});
