import { describe, expect, test } from "vitest";
import { rejection } from "../support/bench.ts";
import { holdersOf, type Member, only, type QuorumBench, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE, type Treatment } from "../support/wire.ts";

const ECONNREFUSED: Treatment = { refuses: new Error("connect ECONNREFUSED") };

/** Somebody deletes the lock in these stores, and somebody else takes it there. */
async function take({ members }: QuorumBench, ...stores: number[]): Promise<void> {
  for (const store of stores) {
    await members[store]?.remove("x");
    await members[store]?.set("lock:x", "another", { nx: true, px: 60_000 });
  }
}

describe("a lease is renewed", () => {
  test.each([
    ["hangs", BLACK_HOLE],
    ["refuses", ECONNREFUSED],
    ["answers late", { answers: 2500 }],
    ["answers something else", { says: ["held"] }],
  ])("by a majority, while a minority %s", async (_, treatment) => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    treat(all, undefined, treatment);
    await all.clock.advance(30_000);
    expect(lease.held).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    expect(all.events.filter(({ type }) => type === "failed")).toEqual([]);
    expect(await lease.release()).toBe(true);
  });

  test("for what a majority has left, counted from before the first was asked", async () => {
    const all = quorumBench({ ttl: "3s", over: { timeout: "2s" } });
    const lease = await all.locks.acquire("x");
    treat(all, undefined, ECONNREFUSED, only("keep", { arrives: 1000 }));
    await all.clock.advance(1000);
    await all.clock.runUntilSettled(lease.extend("10s"));
    expect(lease.remaining()).toBeCloseTo(10_000 * 0.99 - 2 - 1000, 0);
  });

  test("exactly by a majority, though another holds the rest", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    await take(all, 1);
    await all.clock.advance(9000);
    expect(lease.held).toBe(true);
    expect(holdersOf(all)).toEqual([lease.token, "another", lease.token]);
    expect(all.wires[1]?.sent("repair")).toBe(0);
    expect(await lease.release()).toBe(true);
    expect(holdersOf(all)).toEqual(["", "another", ""]);
  });
});

describe("a lease is lost", () => {
  test("as soon as a majority cannot have it, though the rest hangs", async () => {
    const all = quorumBench({ ttl: "3s", renew: true, stores: 5 });
    const lease = await all.locks.acquire("x");
    await take(all, 0, 1, 2);
    treat(all, undefined, undefined, undefined, BLACK_HOLE, BLACK_HOLE);
    await all.clock.advance(1000);
    expect(lease.signal.reason).toMatchObject({ reason: "taken" });
  });

  test.each<[string, (all: QuorumBench) => unknown, string]>([
    [
      "taken by force in one, and gone in another",
      (all) => Promise.all([all.members[0]?.force("x", 60_000), all.members[1]?.remove("x")]),
      "taken",
    ],
    [
      "another's in one, and gone in another",
      (all) => Promise.all([take(all, 0), all.members[1]?.remove("x")]),
      "taken",
    ],
    ["gone in two", (all) => Promise.all([all.members[0]?.remove("x"), all.members[2]?.remove("x")]), "deleted"],
  ])("with the reason: %s", async (_, happens, reason) => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    await happens(all);
    await all.clock.advance(1000);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason });
  });

  test("at its deadline, while a majority is away, and no sooner; each failed renewal says which", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    treat(all, ECONNREFUSED, BLACK_HOLE);
    await all.clock.advance(2942);
    expect(lease.held).toBe(true);
    await all.clock.advance(1);
    expect(lease.signal.reason).toMatchObject({ reason: "unreachable" });
    const failed = all.events.filter(({ type }) => type === "failed");
    expect(failed.length).toBeGreaterThanOrEqual(2);
    for (const { error } of failed) expect(error).toMatchObject({ errors: [{ position: 0 }, { position: 1 }] });
  });

  test("and not renewed by one store that has it for longer", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    treat(all, undefined, ECONNREFUSED, ECONNREFUSED);
    const failed = rejection(lease.extend("1m"));
    await all.clock.advance(2970);
    expect(await failed).toMatchObject({ code: "BACKEND" });
    expect(lease.held).toBe(false);
    expect(await all.rival.tryAcquire("x")).toBe(null);
    await all.clock.advance(31);
    expect(await all.rival.tryAcquire("x")).not.toBe(null);
  });
});

describe("a lease that was handed over", () => {
  test("is held when a majority says so, for what that has left", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    await all.clock.advance(1000);
    const restored = all.client().locks.restore(lease.handOver());
    expect(restored.held).toBe(false);
    expect(await restored.verify()).toBe(true);
    expect(restored.remaining()).toBeCloseTo(2000 * 0.99 - 2, 0);
    expect(restored.fence).toBe(lease.fence);
    expect(await restored.release()).toBe(true);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("is held for what a majority has left, though one store has more", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    treat(all, undefined, ECONNREFUSED, ECONNREFUSED);
    const failed = rejection(lease.extend("1m"));
    await all.clock.advance(1000);
    const restored = all.client().locks.restore(lease.handOver());
    expect(await restored.verify()).toBe(true);
    expect(restored.remaining()).toBeCloseTo(2000 * 0.99 - 2, 0);
    await all.clock.runUntilSettled(failed);
  });

  test("is not, when a majority says no", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    const restored = all.client().locks.restore(lease.handOver());
    await take(all, 0, 2);
    expect(await restored.verify()).toBe(false);
    expect(restored.held).toBe(false);
  });

  test("is not known to be, while a majority does not answer", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    const other = all.client();
    treat(other, BLACK_HOLE, BLACK_HOLE);
    const restored = other.locks.restore(lease.handOver());
    expect(await all.clock.runUntilSettled(rejection(restored.verify()))).toMatchObject({ code: "BACKEND" });
    expect(restored.held).toBe(false);
  });
});

describe("a release", () => {
  test("is retried where a majority did not answer, and true when it did in the end", async () => {
    const all = quorumBench({ ttl: "10s" });
    const lease = await all.locks.acquire("x");
    treat(all, ECONNREFUSED, { answers: Number.POSITIVE_INFINITY }, undefined);
    const released = lease.release();
    await all.clock.advance(2000);
    treat(all);
    expect(await all.clock.runUntilSettled(released)).toBe(true);
    expect(holdersOf(all)).toEqual(["", "", ""]);
    expect(await lease.release()).toBe(true);
  });

  test("is true when a majority had it beyond the deadline, though a store that had not answers first", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    await all.members[0]?.remove("x");
    await all.clock.advance(2980);
    expect(lease.held).toBe(false);
    expect(await lease.release()).toBe(true);
  });

  test("is false when a majority had been taken by force, true when a minority had", async () => {
    const all = quorumBench();
    const [first, second] = all.members as [Member, Member];
    const one = await all.locks.acquire("x");
    await first.force("x", 1000);
    expect(await one.release()).toBe(true);
    await all.clock.advance(1001);
    const two = await all.locks.acquire("x");
    await first.force("x", 1000);
    await second.force("x", 1000);
    expect(await two.release()).toBe(false);
    expect(await all.locks.request("y", () => 7)).toBe(7);
  });

  test("is an outage that says which, when nobody answers until the deadline", async () => {
    const all = quorumBench({ ttl: "3s" });
    const lease = await all.locks.acquire("x");
    treat(all, BLACK_HOLE, ECONNREFUSED, BLACK_HOLE);
    const error = await all.clock.runUntilSettled(rejection(lease.release()));
    expect(error).toMatchObject({ code: "BACKEND", errors: [{ position: 0 }, { position: 1 }, { position: 2 }] });
    await all.clock.advance(10_000);
    expect(all.clock.pending.count).toBe(0);
  });

  test("that loses the lock for request says so", async () => {
    const all = quorumBench();
    const work = all.locks.request("x", async () => {
      all.members[0]?.lose();
      all.members[2]?.lose();
      return 7;
    });
    expect(await rejection(work)).toMatchObject({ code: "LOST", reason: "deleted", result: 7 });
  });

  test("keeps the name by minHold in a majority, also where a minority did not hear of it", async () => {
    const all = quorumBench({ ttl: "10s" });
    const lease = await all.locks.acquire("x", { minHold: "5s" });
    treat(all, only("give", { arrives: 500 }));
    expect(await lease.release()).toBe(true);
    await all.clock.advance(4000);
    expect(holdersOf(all).slice(1)).toEqual([`.${lease.token}`, `.${lease.token}`]);
    expect(await all.rival.tryAcquire("x")).toBe(null);
    await all.clock.advance(1001);
    expect(await all.rival.tryAcquire("x")).not.toBe(null);
  });
});
