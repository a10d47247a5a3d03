import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/index.ts";
import { MEND } from "../../src/quorum-scripts.ts";
import { counters, holdersOf, type Member, only, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE, type Call } from "../support/wire.ts";

const ECONNREFUSED = { refuses: new Error("connect ECONNREFUSED") };

describe("renewal gives the lock back to a store", () => {
  test.each([[true], [false]])("that was down when it was granted (fence: %s)", async (fence) => {
    const all = quorumBench({ ttl: "3s", renew: true, fence });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all);
    await all.clock.advance(999);
    expect(holdersOf(all)).toEqual(["", lease.token, lease.token]);
    await all.clock.advance(1);
    expect(holdersOf(all)).toEqual([lease.token, lease.token, lease.token]);
    if (fence) expect(counters(all)).toEqual([lease.fence, lease.fence, lease.fence]);
    else expect(counters(all)).toEqual([0, 0, 0]);
  });

  test("that restarted empty: all of them may, one after another, and the lease is never lost", async () => {
    const all = quorumBench({ ttl: "3s", renew: true, stores: 5 });
    const lease = await all.locks.acquire("x");
    for (const member of [...all.members, ...all.members]) {
      member.lose();
      await all.clock.advance(1000);
      expect(new Set(holdersOf(all))).toEqual(new Set([lease.token]));
      expect(Math.min(...counters(all))).toBe(lease.fence);
      expect(await all.rival.tryAcquire("x")).toBe(null);
    }
    expect(lease.held).toBe(true);
    expect(await lease.release()).toBe(true);
    expect((await all.rival.acquire("x")).fence).toBeGreaterThan(lease.fence);
  });

  test("that was away for longer than the ttl, though contenders were granted it meanwhile", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    treat(all, BLACK_HOLE);
    await all.clock.advance(3500);
    expect(holdersOf(all)[0]).toBe("");
    expect(await all.rival.tryAcquire("x")).toBe(null);
    await all.clock.advance(0);
    treat(all);
    await all.clock.advance(1000);
    expect(holdersOf(all)[0]).toBe(lease.token);
    expect(counters(all)[0]).toBeGreaterThanOrEqual(lease.fence);
    expect(await lease.release()).toBe(true);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test.each([
    ["ahead", 3_600_000],
    ["behind", -3_600_000],
  ])("whose clock is an hour %s", async (_, ahead) => {
    const all = quorumBench({ ttl: "3s", renew: true });
    (all.members[0] as Member).ahead = ahead;
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, only("repair", { arrives: 1900 }));
    await all.clock.advance(2899);
    expect(holdersOf(all)[0]).toBe("");
    await all.clock.advance(1);
    expect(holdersOf(all)[0]).toBe(lease.token);
  });

  test("by an explicit extend too", async () => {
    const all = quorumBench();
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all);
    await lease.extend("1m");
    await all.clock.advance(0);
    expect(all.members[0]?.data.entries().find(({ key }) => key === "lock:x")?.pttl).toBe(60_000);
  });
});

describe("nothing is given back to a store", () => {
  test("by a lease that no majority holds any more", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    all.members[0]?.lose();
    all.members[1]?.lose();
    await all.clock.advance(1000);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "deleted" });
    expect(holdersOf(all)).toEqual(["", "", lease.token]);
    expect(all.wires.map((wire) => wire.sent("repair"))).toEqual([0, 0, 0]);
  });

  test("by one that was over when the store answered", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    all.members[0]?.lose();
    treat(all, ...[{ answers: 20 }, { answers: 10 }, { answers: 10 }].map((treatment) => only("keep", treatment)));
    await all.clock.advance(1005);
    all.clock.block(2000);
    await all.clock.advance(100);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "expired" });
    expect(all.wires.map((wire) => wire.sent("repair"))).toEqual([0, 0, 0]);
  });

  test("by one that nobody knows to be held by a majority", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    all.members[0]?.lose();
    treat(all, undefined, undefined, BLACK_HOLE);
    await all.clock.advance(2900);
    expect(holdersOf(all)).toEqual(["", lease.token, lease.token]);
    expect(all.wires.map((wire) => wire.sent("repair"))).toEqual([0, 0, 0]);
    expect(lease.held).toBe(true);
  });

  test("that another took meanwhile", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    const member = all.members[0] as Member;
    member.lose();
    await member.set("lock:x", "another", { nx: true, px: 1500 });
    await all.clock.advance(1000);
    expect(holdersOf(all)).toEqual(["another", lease.token, lease.token]);
    await all.clock.advance(1000);
    expect(holdersOf(all)).toEqual([lease.token, lease.token, lease.token]);
    expect(lease.held).toBe(true);
  });

  test("where it was taken by force", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    const lease = await all.locks.acquire("x");
    await all.members[0]?.force("x", 500);
    await all.clock.advance(2000);
    expect(holdersOf(all)).toEqual(["", lease.token, lease.token]);
  });

  test("after the release, though it said before that that the lock was gone", async () => {
    const all = quorumBench({ fence: false });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, only("keep", { answers: 200 }));
    await lease.extend();
    expect(await lease.release()).toBe(true);
    await all.clock.advance(1000);
    expect(all.wires[0]?.sent("repair")).toBe(0);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("after it was taken by force there, by a copy of an earlier repair", async () => {
    const all = quorumBench();
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all);
    await lease.extend();
    await all.clock.advance(0);
    const [first] = all.members as [Member];
    const copy = all.wires[0]?.calls.find(({ command }) => command === "repair") as Call;
    await first.force("x", 10);
    await all.clock.advance(11);
    await first.eval(MEND, ["lock:x", "fence.7t5:lock:x"], copy.args);
    expect(holdersOf(all)).toEqual(["", lease.token, lease.token]);
  });

  test("by verify", async () => {
    const all = quorumBench();
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all);
    expect(await lease.verify()).toBe(true);
    await all.clock.advance(1000);
    expect(holdersOf(all)[0]).toBe("");
  });

  test("after close, though its answer comes then", async () => {
    const all = quorumBench({ ttl: "3s", renew: true });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, only("keep", { answers: 1500 }));
    await all.clock.advance(1000);
    lease.handOver();
    await all.clock.runUntilSettled(all.locks.close());
    await all.clock.advance(10_000);
    expect(all.wires[0]?.sent("repair")).toBe(0);
    expect(all.clock.pending.count).toBe(0);
  });
});

describe("a repair that is late", () => {
  test.each([
    ["in time", 1940, true],
    ["after what the majority holds for certain", 2100, false],
    ["long after", 60_000, false],
  ])("arrives %s", async (_, arrives, repaired) => {
    const all = quorumBench({ ttl: "2s", renew: false });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, only("repair", { arrives }));
    await lease.extend();
    await all.clock.advance(arrives + 1);
    expect(all.wires[0]?.sent("repair")).toBe(1);
    expect(holdersOf(all)[0] === lease.token).toBe(repaired);
    expect(lease.held).toBe(repaired);
  });

  test("is late by as much as the answer was that it follows", async () => {
    const all = quorumBench({ ttl: "2s" });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, ({ command }) => (command === "keep" || command === "repair" ? { arrives: 1500 } : undefined));
    await lease.extend();
    await all.clock.advance(3001);
    expect(all.wires[0]?.sent("repair")).toBe(1);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test.each([
    ["had it until it was deleted", true],
    ["never had it", false],
  ])("does not undo the release of a store that %s", async (_, had) => {
    const all = quorumBench({ ttl: "6s" });
    if (!had) treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, only("repair", { arrives: 2000 }));
    await all.members[0]?.remove("x");
    await lease.extend();
    await all.clock.advance(0);
    expect(await lease.release()).toBe(true);
    await all.clock.advance(2000);
    expect(all.wires[0]?.calls.map(({ command }) => command).slice(-2)).toEqual(["repair", "give"]);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("is waited for by the release of the store to which it is under way", async () => {
    const all = quorumBench({ ttl: "6s", fence: false });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    treat(all, only("repair", { arrives: 300 }));
    await lease.extend();
    await all.clock.advance(0);
    expect(await lease.release()).toBe(true);
    expect(all.wires.map((wire) => wire.sent("give"))).toEqual([0, 1, 1]);
    await all.clock.advance(300);
    expect(all.wires.map((wire) => wire.sent("give"))).toEqual([1, 1, 1]);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("does not hold up a release for ever, when a Worker's request took it with it", async () => {
    const all = quorumBench({ ttl: "60s" });
    let over = false;
    const clock: Clock = { ...all.clock, timer: (ms, callback) => all.clock.timer(ms, () => over || callback()) };
    const { wires, locks } = all.client({ clock });
    treat({ wires }, ECONNREFUSED);
    const lease = await locks.acquire("x");
    treat({ wires }, only("repair", BLACK_HOLE));
    await lease.extend();
    await all.clock.advance(0);
    const serialized = lease.handOver();
    over = true;
    await all.clock.advance(10_000);
    over = false;
    treat({ wires });
    const restored = locks.restore(serialized);
    expect(await all.clock.runUntilSettled(restored.release())).toBe(true);
    await all.clock.advance(100);
    expect(wires[0]?.sent("give")).toBe(1);
  });
});
