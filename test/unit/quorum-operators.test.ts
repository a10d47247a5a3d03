import { describe, expect, test } from "vitest";
import type { LockBackendError, LockSnapshot, Locks } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { counters, holdersOf, only, type QuorumBench, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE, type Call } from "../support/wire.ts";

const REFUSED = { refuses: new Error("connect ECONNREFUSED") };
const TOKENS = ["a", "b", "c", "d"].map((letter) => `t${letter.repeat(22)} ${letter}`);

/** What is at the lock in each store, and for how many seconds. */
async function put(
  { members }: QuorumBench,
  ...values: ([value: string, seconds: number] | undefined)[]
): Promise<void> {
  for (const [index, at] of values.entries())
    if (at) await members[index]?.set("lock:x", at[0], { nx: true, px: at[1] * 1000 });
}

async function collect(locks: Locks): Promise<LockSnapshot[]> {
  const found: LockSnapshot[] = [];
  for await (const each of locks.list()) found.push(each);
  return found;
}

describe("query says what a majority says", () => {
  test("with the fence of the lease, and the time for which a majority has it", async () => {
    const all = quorumBench();
    all.members.forEach((member, index) => {
      member.ahead = index * 10;
    });
    const lease = await all.locks.acquire("x", { owner: "worker 7" });
    await all.clock.advance(1000);
    const holders = [{ owner: "worker 7", fence: lease.fence, remaining: 29_000 }];
    expect(await all.locks.query("x")).toEqual({ name: "x", held: true, kept: false, holders, remaining: 29_000 });
    await lease.release();
    expect(await all.locks.query("x")).toMatchObject({ held: false, remaining: 0, holders: [] });
  });

  test.each([
    ["5 s, then 3 s and 1 s", [5000, 3000, 1000], 3000],
    ["for ever and 5 s", [-1, 5000, 3000], 5000],
    ["for ever in two", [-1, -1, 5000], Number.POSITIVE_INFINITY],
  ])("of one value with different lives: %s", async (_, lives, remaining) => {
    const all = quorumBench();
    treat(all, ...lives.map((left) => ({ says: ["held", left, "", "=foreign"] })));
    expect(await all.locks.query("x")).toMatchObject({ held: true, remaining, holders: [{ owner: undefined }] });
  });

  test("and votes that are split are nobody's", async () => {
    const all = quorumBench();
    await put(all, ...TOKENS.slice(0, 3).map((token): [string, number] => [token, 30]));
    expect(await all.locks.query("x")).toMatchObject({ held: false, kept: false, remaining: 0 });
  });

  test("without waiting for a store that hangs, where the others agree", async () => {
    const all = quorumBench();
    const lease = await all.rival.acquire("x", { fence: false });
    treat(all, undefined, BLACK_HOLE);
    expect(await all.locks.query("x")).toMatchObject({ held: true });
    await lease.release();
    expect(await all.locks.query("x")).toMatchObject({ held: false });
  });

  test("and where they could be outvoted by those that do not answer it is an outage, never free", async () => {
    const all = quorumBench();
    await put(all, [TOKENS[0] as string, 30]);
    treat(all, undefined, REFUSED, undefined);
    const error = await all.clock.runUntilSettled(rejection(all.locks.query("x")));
    expect(error).toMatchObject({ code: "BACKEND", errors: [{ position: 1, message: "connect ECONNREFUSED" }] });
  });

  test("of a name that is kept by minHold", async () => {
    const all = quorumBench({ ttl: "10s" });
    await (await all.locks.acquire("x", { minHold: "4s" })).release();
    expect(await all.locks.query("x")).toMatchObject({ held: false, kept: true, remaining: 4000, holders: [] });
    expect(await all.rival.tryAcquire("x")).toBe(null);
    await all.clock.advance(4001);
    expect(await all.rival.tryAcquire("x")).not.toBe(null);
  });
});

describe("list", () => {
  test("has what a majority holds, also where the first store has none of it", async () => {
    const all = quorumBench();
    treat(all, REFUSED);
    await all.locks.acquire("x");
    treat(all);
    await all.members[0]?.set("lock:y", "of a minority", { nx: true, px: 30_000 });
    expect(await collect(all.locks)).toMatchObject([{ name: "x", held: true }]);
  });

  test("does with a minority down", async () => {
    const all = quorumBench();
    await all.rival.acquire("x");
    treat(all, undefined, REFUSED, undefined);
    const found = await all.clock.runUntilSettled(collect(all.locks));
    expect(found).toMatchObject([{ name: "x", held: true }]);
  });

  test("with a majority down rejects with what each store said, in our words", async () => {
    const all = quorumBench();
    treat(all, REFUSED, undefined, { refuses: new Error("NOPERM this user has no permissions") });
    const error = (await all.clock.runUntilSettled(rejection(collect(all.locks)))) as LockBackendError;
    expect(error).toMatchObject({ code: "BACKEND", errors: [{ position: 0 }, { position: 2 }] });
    expect(error.message).toBe(
      'Redis did not list "lock:": 2 of 3 stores failed: [0] connect ECONNREFUSED; [2] NOPERM this user has no ' +
        "permissions. Allow this user eval evalsha set get del pttl pexpire time scan @sortedset, on this key, fence.7t5:* alive.dcr7:* queue.b0v5:* and result.qdb:*.",
    );
  });
});

describe("forceRelease", () => {
  test("frees what a majority holds, and the holder hears of it", async () => {
    const all = quorumBench();
    const lease = await all.rival.acquire("x");
    expect(await all.locks.forceRelease("x")).toBe(true);
    expect(holdersOf(all)).toEqual(["", "", ""]);
    expect(await lease.verify()).toBe(false);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "taken" });
    expect(await all.locks.forceRelease("x")).toBe(false);
  });

  test.each([
    ["hangs", BLACK_HOLE],
    ["refuses", REFUSED],
  ])("although one store %s", async (_, treatment) => {
    const all = quorumBench();
    const lease = await all.rival.acquire("x");
    treat(all, treatment);
    expect(await all.clock.runUntilSettled(all.locks.forceRelease("x"))).toBe(true);
    expect(holdersOf(all).slice(1)).toEqual(["", ""]);
    expect(await lease.verify()).toBe(false);
  });

  test("with a majority down is an outage, and says which", async () => {
    const all = quorumBench();
    await all.rival.acquire("x");
    treat(all, REFUSED, REFUSED);
    const error = await all.clock.runUntilSettled(rejection(all.locks.forceRelease("x")));
    expect(error).toMatchObject({ code: "BACKEND", errors: [{ position: 0 }, { position: 1 }] });
  });

  test("says in a later round what a store had failed with", async () => {
    const all = quorumBench();
    await all.rival.acquire("x");
    treat(all, REFUSED, only("force", REFUSED));
    const error = await all.clock.runUntilSettled(rejection(all.locks.forceRelease("x")));
    expect((error as LockBackendError).errors.map(({ message }) => message)).toEqual([
      "connect ECONNREFUSED",
      "connect ECONNREFUSED",
    ]);
  });

  test("frees a minority that blocks the name with others, and leaves nothing of its own", async () => {
    const all = quorumBench();
    await put(all, ...TOKENS.slice(0, 3).map((token): [string, number] => [token, 600]));
    expect(await all.locks.forceRelease("x")).toBe(true);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("does not take from a minority that tries to get it beside the holder", async () => {
    const all = quorumBench();
    await put(all, [TOKENS[0] as string, 600], [TOKENS[0] as string, 600], [TOKENS[1] as string, 600]);
    expect(await all.locks.forceRelease("x")).toBe(true);
    expect(holdersOf(all)).toEqual(["", "", TOKENS[1]]);
  });

  test("goes on from what it took, when the lock changed hands, and leaves nothing of it", async () => {
    const all = quorumBench();
    await put(all, ...TOKENS.slice(0, 3).map((token): [string, number] => [token, 600]));
    // Between its look and its take two stores go to another, which has let go when it looks again.
    treat(
      all,
      undefined,
      ...all.members.slice(1).map((member) => ({ command, nth }: Call) => {
        if (command === "force" || nth === 2) member.lose();
        if (command === "force") void member.set("lock:x", TOKENS[3] as string, { nx: true, px: 600_000 });
        return undefined;
      }),
    );
    expect(await all.locks.forceRelease("x")).toBe(true);
    expect(all.wires[0]?.sent("force")).toBe(2);
    await all.clock.advance(0);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("has a fence in each store, so that a later grant's is larger", async () => {
    const all = quorumBench();
    const before = await all.rival.acquire("x");
    await all.locks.forceRelease("x");
    const forced = Math.min(...counters(all));
    expect(forced).toBeGreaterThan(before.fence);
    expect((await all.rival.acquire("x")).fence).toBeGreaterThan(forced);
  });
});
