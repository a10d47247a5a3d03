import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { holdersOf, only, type QuorumBench, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE, LOST_REPLY, type Treatment } from "../support/wire.ts";

noUnhandledRejections();

const votes = ({ wires }: QuorumBench) => wires.map((wire) => wire.sent("vote"));
const everything = ({ wires }: QuorumBench) => wires.flatMap(({ calls }) => calls).length;

describe("close", () => {
  test("ends a wait, gives back what it was granted, and leaves no timer", async () => {
    const all = quorumBench();
    await all.members[0]?.set("lock:x", "foreign", { nx: true, px: 60_000 });
    treat(all, undefined, undefined, BLACK_HOLE);
    const waiting = rejection(all.locks.acquire("x", { wait: "1m" }));
    await all.clock.advance(1);
    expect(holdersOf(all)[1]).not.toBe("");
    await all.clock.runUntilSettled(all.locks.close());
    expect(await waiting).toMatchObject({ code: "CLOSED" });
    expect(holdersOf(all)).toEqual(["foreign", "", ""]);
    expect(all.clock.pending.count).toBe(0);
    const sent = everything(all);
    await all.clock.advance(600_000);
    expect(everything(all)).toBe(sent);
  });

  test.each<[string, Treatment]>([
    ["nobody answers", BLACK_HOLE],
    ["every answer is lost", LOST_REPLY],
    ["every answer is late", { answers: 7000 }],
  ])("ends in the time of some commands although %s", async (_, treatment) => {
    const all = quorumBench({ ttl: "10s", renew: true });
    const lease = await all.locks.acquire("x");
    treat(all, treatment, treatment, treatment);
    const waiting = rejection(all.locks.acquire("y"));
    await all.clock.advance(4000);
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(all.locks.close());
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(15_000);
    expect(await waiting).toMatchObject({ code: "CLOSED" });
    expect(lease.signal.reason).toMatchObject({ reason: "closed" });
    await all.clock.advance(20_000);
    const sent = everything(all);
    await all.clock.advance(600_000);
    expect(everything(all)).toBe(sent);
    expect(all.clock.pending.count).toBe(0);
  });

  test("sends nothing afterwards, though a straggler grants then", async () => {
    const all = quorumBench({ fence: false });
    for (const member of all.members.slice(0, 2)) await member.set("lock:x", "foreign", { nx: true, px: 60_000 });
    treat(all, undefined, undefined, only("vote", { arrives: 20_000 }));
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(4000);
    await all.clock.runUntilSettled(all.locks.close());
    const sent = everything(all);
    await all.clock.advance(60_000);
    expect(everything(all)).toBe(sent);
    expect(all.clock.pending.count).toBe(0);
  });

  test("waits for the give-back of a straggler that is under way", async () => {
    const all = quorumBench();
    for (const member of all.members.slice(0, 2)) await member.set("lock:x", "foreign", { nx: true, px: 60_000 });
    treat(all, undefined, undefined, only("vote", { answers: 500 }));
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.runUntilSettled(all.locks.close());
    expect(holdersOf(all)).toEqual(["foreign", "foreign", ""]);
    expect(all.clock.pending.count).toBe(0);
  });
});

test("close gives back what a straggler may be granted, though the time limit of its vote is late", async () => {
  const all = quorumBench();
  for (const member of all.members.slice(0, 2)) await member.set("lock:x", "foreign", { nx: true, px: 60_000 });
  const clock: Clock = { ...all.clock, timer: (ms, callback) => all.clock.timer(ms === 3000 ? 13_000 : ms, callback) };
  const { wires, locks } = all.client({ clock });
  treat({ wires }, undefined, undefined, only("vote", { arrives: 20_000 }));
  expect(await locks.tryAcquire("x")).toBe(null);
  await all.clock.runUntilSettled(locks.close());
  expect(wires.map((wire) => wire.sent("give"))).toEqual([0, 0, 1]);
  await all.clock.advance(60_000);
  expect(holdersOf(all)[2]).toBe("");
  expect(wires.map((wire) => wire.sent("give"))).toEqual([0, 0, 1]);
  expect(all.clock.pending.count).toBe(0);
});

test("close ends, although what a Worker's request has begun never does", async () => {
  const all = quorumBench();
  for (const member of all.members.slice(0, 2)) await member.set("lock:x", "foreign", { nx: true, px: 60_000 });
  let over = false;
  const clock: Clock = { ...all.clock, timer: (ms, callback) => all.clock.timer(ms, () => over || callback()) };
  const { wires, locks } = all.client({ clock });
  treat({ wires }, undefined, undefined, BLACK_HOLE);
  expect(await locks.tryAcquire("x")).toBe(null);
  over = true;
  await all.clock.advance(120_000);
  over = false;
  await all.clock.runUntilSettled(locks.close());
  expect(wires.map((wire) => wire.sent("give"))).toEqual([0, 0, 1]);
});

describe("an abort", () => {
  test.each([
    ["while the votes are under way", { arrives: 100 }, 50],
    ["while the fence is being agreed on", { answers: 100 }, 150],
    ["while what was granted is given back", { arrives: 100 }, 150],
  ])("%s rejects at once, and leaves nothing locked", async (what, slow, at) => {
    const all = quorumBench();
    if (what.includes("given back"))
      for (const member of all.members.slice(0, 2)) await member.set("lock:x", "foreign", { nx: true, px: 1 });
    treat(all, slow, slow, slow);
    const controller = new AbortController();
    const waiting = rejection(all.locks.acquire("x", { signal: controller.signal }));
    await all.clock.advance(at);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    await all.clock.advance(1000);
    expect(holdersOf(all)).toEqual(["", "", ""]);
    const before = votes(all);
    await all.clock.advance(60_000);
    expect(votes(all)).toEqual(before);
    expect(all.clock.pending.count).toBe(0);
  });
});

test("a vote that arrives after the wait was abandoned, unfenced, is given back when it answers", async () => {
  const all = quorumBench({ fence: false });
  const slow = only("vote", { arrives: 700 });
  treat(all, slow, slow, slow);
  const controller = new AbortController();
  const waiting = rejection(all.locks.acquire("x", { signal: controller.signal }));
  await all.clock.advance(100);
  controller.abort(new Error("enough"));
  await waiting;
  await all.clock.advance(1000);
  expect(all.wires.map((wire) => wire.sent("give"))).toEqual([2, 2, 2]);
  expect(holdersOf(all)).toEqual(["", "", ""]);
});

describe("a Node process", () => {
  test("does not end while it waits for a lock, and may while a lease is renewed and clean-ups go on", async () => {
    const all = quorumBench({ renew: true });
    treat(all, BLACK_HOLE, BLACK_HOLE);
    const waiting = rejection(all.locks.acquire("x", { wait: "20s" }));
    for (let second = 0; second < 20; second++) {
      expect(all.clock.pending.referenced, `after ${second} s`).toBeGreaterThan(0);
      await all.clock.advance(1000);
    }
    expect(await waiting).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(0);
    expect(all.clock.pending.referenced).toBe(0);

    treat(all, BLACK_HOLE);
    const lease = await all.locks.acquire("y");
    for (let second = 0; second < 40; second++) {
      expect(all.clock.pending.referenced, `after ${second} s`).toBe(0);
      await all.clock.advance(1000);
    }
    expect(lease.held).toBe(true);
    expect(await lease.release()).toBe(true);
    await all.clock.advance(0);
    expect(all.clock.pending.referenced).toBe(0);
  });
});

test("what is thrown or answered instead of a reply is the failure of one store", async () => {
  const all = quorumBench({ ttl: "3s", renew: true });
  const odd: Treatment[] = [
    { throws: null },
    { throws: "a text" },
    { throws: { hint: "not ours", text: "t" } },
    { throws: { outage: null } },
    { says: undefined },
    { says: {} },
    { says: ["granted"] },
    { says: ["held", 1e300, "", "="] },
    { says: ["granted", 3000, "9007199254740993", "="] },
  ];
  let next = 0;
  treat(all, () => odd[next++ % odd.length]);
  for (let round = 0; round < 6; round++) {
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x"));
    await all.clock.advance(2500);
    expect(lease.held).toBe(true);
    expect(await all.locks.query("x")).toMatchObject({ held: true });
    expect(await lease.release()).toBe(true);
    await all.clock.advance(5000);
  }
  await all.clock.runUntilSettled(all.locks.close());
  expect(all.clock.pending.count).toBe(0);
});
