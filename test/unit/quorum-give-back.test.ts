import { describe, expect, test } from "vitest";
import type { Clock, Transport } from "../../src/index.ts";
import { lockKeys } from "../support/bench.ts";
import { holdersOf, type Member, only, type QuorumBench, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

/** Somebody else has these names, in these stores. */
async function taken(members: Transport[], ...which: string[]): Promise<void> {
  for (const member of members)
    for (const name of which) await member.set(`lock:${name}`, "foreign", { nx: true, px: 600_000 });
}

const tokens = ({ wires }: QuorumBench, store: number, command: string) =>
  wires[store]?.calls.flatMap((call) => (call.command === command ? [call.token] : [])) ?? [];

/** One store hangs until then; in the others, 70 names are taken, and each is asked for: one store has more to be told. */
async function hungWithMore(all: QuorumBench, until: number): Promise<void> {
  const many = names(70);
  await taken(all.members.slice(0, 2), ...many);
  treat(all, undefined, undefined, ({ at }) => ({ arrives: until - (at - began) }));
  const began = all.clock.monotonic();
  for (const name of many) expect(await all.locks.tryAcquire(name)).toBe(null);
}

describe("what a refused attempt was granted is given back", () => {
  test("before it ends, so that a next one does not meet it", async () => {
    const all = quorumBench();
    await taken(all.members.slice(0, 2), "x");
    treat(all, { arrives: 5 }, { arrives: 5 }, only("give", { arrives: 30 }));
    const began = all.clock.monotonic();
    expect(await all.clock.runUntilSettled(all.locks.tryAcquire("x"))).toBe(null);
    expect(all.clock.monotonic() - began).toBe(35);
    expect(holdersOf(all)).toEqual(["foreign", "foreign", ""]);
  });

  test("by the straggler too, when it answers", async () => {
    const all = quorumBench();
    await taken(all.members.slice(0, 2), "x");
    treat(all, undefined, undefined, only("vote", { arrives: 50, answers: 60 }));
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(100);
    expect(holdersOf(all)[2]).toBe(tokens(all, 2, "vote")[0]);
    await all.clock.advance(10);
    expect(holdersOf(all)[2]).toBe("");
  });

  test.each([[true], [false]])("however late it answers (fence: %s)", async (fence) => {
    const all = quorumBench({ fence });
    await taken(all.members.slice(0, 2), "x");
    treat(all, undefined, undefined, only("vote", { arrives: 9000 }));
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(8999);
    expect(tokens(all, 2, "give")).toHaveLength(1);
    await all.clock.advance(1);
    expect(holdersOf(all)[2]).toBe("");
  });

  test("though its answer was lost", async () => {
    const all = quorumBench();
    await taken(all.members.slice(0, 2), "x");
    treat(all, undefined, undefined, only("vote", LOST_REPLY));
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(3000);
    expect(holdersOf(all)[2]).toBe("");
  });

  test("and not where nothing was granted", async () => {
    const all = quorumBench();
    await taken(all.members.slice(0, 2), "x");
    treat(all, undefined, undefined, { refuses: new Error("LOADING Redis is loading the dataset in memory") });
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(10_000);
    expect([0, 1, 2].flatMap((store) => tokens(all, store, "give"))).toEqual([]);
  });

  test("of any number of attempts at a time", async () => {
    const all = quorumBench();
    const many = names(300);
    await taken(all.members.slice(0, 2), ...many);
    treat(all, { arrives: 5 }, { arrives: 5 }, { arrives: 5 });
    await all.clock.runUntilSettled(Promise.all(many.map((name) => all.locks.tryAcquire(name))));
    await all.clock.advance(10);
    expect(lockKeys((all.members[2] as Member).data)).toEqual([]);
  });
});

describe("what is lost with a store that is down", () => {
  test("is limited: it is told of 64 tokens at a time, and its ttl frees the rest", async () => {
    const all = quorumBench();
    treat(all, BLACK_HOLE);
    const leases = await Promise.all(names(200).map((name) => all.locks.acquire(name)));
    await Promise.all(leases.map((lease) => lease.release()));
    const first = tokens(all, 0, "give").length;
    await all.clock.advance(3000);
    expect(tokens(all, 0, "give").length - first).toBe(64);
    await all.clock.advance(60_000);
    expect(all.clock.pending.count).toBe(0);
  });

  test.each([6000, 45_000])("the rest is given back when the store goes on after %i ms", async (ms) => {
    const all = quorumBench({ fence: false });
    await hungWithMore(all, ms);
    await all.clock.advance(ms - 1000);
    expect(lockKeys((all.members[2] as Member).data)).toEqual([]);
    await all.clock.advance(120_000);
    expect(all.clock.pending.count).toBe(0);
  });

  test("close waits for those too, and gives them back when the store goes on meanwhile", async () => {
    const all = quorumBench();
    await hungWithMore(all, 6000);
    await all.clock.advance(4000);
    await all.clock.runUntilSettled(all.locks.close());
    expect(lockKeys((all.members[2] as Member).data)).toEqual([]);
    expect(all.clock.pending.count).toBe(0);
  });

  test("close waits no longer than for one command, and nothing is sent afterwards", async () => {
    const all = quorumBench();
    await hungWithMore(all, 20_000);
    await all.clock.advance(4000);
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(all.locks.close());
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(5000);
    const sent = all.wires[2]?.calls.length;
    await all.clock.advance(60_000);
    expect(all.wires[2]?.calls.length).toBe(sent);
    expect(all.clock.pending.count).toBe(0);
  });

  test("does not count for ever, when a Worker's request took its timers and promises with it", async () => {
    const all = quorumBench();
    let over = false;
    const clock: Clock = { ...all.clock, timer: (ms, callback) => all.clock.timer(ms, () => over || callback()) };
    const { wires, locks } = all.client({ clock });
    treat({ wires }, BLACK_HOLE);
    const leases = await Promise.all(names(70).map((name) => locks.acquire(name)));
    await Promise.all(leases.map((lease) => lease.release()));
    await all.clock.advance(3000);
    over = true;
    await all.clock.advance(120_000);
    over = false;

    await taken(all.members.slice(1), "x");
    treat({ wires }, only("vote", LOST_REPLY));
    expect(await locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(3000);
    expect(holdersOf(all)[0]).toBe("");
  });
});

describe("a release", () => {
  test("does not wait for the slow, and hands to waitUntil only what is still under way", async () => {
    const handed: Promise<unknown>[] = [];
    const all = quorumBench({ waitUntil: (promise) => void handed.push(promise) });
    const quick = await all.locks.acquire("x");
    await all.clock.advance(0);
    expect(await quick.release()).toBe(true);
    await all.clock.advance(0);
    expect(handed.length).toBeLessThanOrEqual(1);
    treat(all, only("give", { arrives: 400 }));
    const lease = await all.locks.acquire("x");
    const began = all.clock.monotonic();
    expect(await lease.release()).toBe(true);
    expect(all.clock.monotonic()).toBe(began);
    expect(holdersOf(all)).toEqual([lease.token, "", ""]);
    await all.clock.runUntilSettled(Promise.all(handed));
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });
});

test("what a store said it had freed counts, though it forgets that before it is asked again", async () => {
  const all = quorumBench({ over: { quorum: 3 } });
  const lease = await all.locks.acquire("x");
  treat(all, undefined, ({ command, nth }) => (command === "give" && nth === 1 ? LOST_REPLY : undefined));
  const released = lease.release();
  await all.clock.advance(50);
  all.members[0]?.lose();
  expect(await all.clock.runUntilSettled(released)).toBe(true);
  expect(all.wires.map((wire) => wire.sent("give"))).toEqual([2, 2, 2]);
});
