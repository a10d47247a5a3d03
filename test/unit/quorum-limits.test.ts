import { describe, expect, test } from "vitest";
import type { LockBackendError, LockTimeoutError } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { holdersOf, only, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";

const FOREIGN = { nx: true, px: 600_000 } as const;

describe("a verdict comes before the limit on the whole command cuts it short", () => {
  test("of a wait that is shorter than what a store is given: each store's error has its position", async () => {
    const all = quorumBench();
    treat(all, BLACK_HOLE, { refuses: new Error("connect ECONNREFUSED") });
    const error = await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "1s" })));
    expect((error as LockBackendError).errors).toMatchObject([
      { position: 0, message: expect.stringMatching(/^no answer within 990 ms/) },
      { position: 1, message: "connect ECONNREFUSED" },
    ]);
    await all.clock.advance(0);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("of one attempt whose stores have as long as the command", async () => {
    const all = quorumBench({ ttl: "2m" });
    treat(all, BLACK_HOLE, BLACK_HOLE);
    const error = await all.clock.runUntilSettled(rejection(all.locks.tryAcquire("x")));
    expect((error as LockBackendError).errors).toMatchObject([{ position: 0 }, { position: 1 }]);
  });

  test("so a minority that hangs makes no outage of a lock that another holds", async () => {
    const all = quorumBench();
    await all.members[1]?.set("lock:x", "foreign", FOREIGN);
    treat(all, BLACK_HOLE);
    const error = await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "1s" })));
    expect(error as LockTimeoutError).toMatchObject({ code: "TIMEOUT", waited: 990 });
    await all.clock.advance(0);
    expect(holdersOf(all)).toEqual(["", "foreign", ""]);
  });

  test("and an operator is not kept from freeing a lock", async () => {
    const all = quorumBench({ ttl: "2m" });
    await all.rival.acquire("x", { ttl: "2m" });
    treat(all, BLACK_HOLE);
    expect(await all.clock.runUntilSettled(all.locks.forceRelease("x"))).toBe(true);
    expect(holdersOf(all).slice(1)).toEqual(["", ""]);
  });
});

test.each([
  ["", 0],
  [", and the event loop was blocked", 3000],
])("a token that is being given back is not used again, though its time ends meanwhile%s", async (_, blocked) => {
  const all = quorumBench({ ttl: "10s", over: { timeout: "800ms" }, commandTimeout: "1s", retry: () => 5 });
  // One grants, whose give-back is slow; one is taken, which is said late; one hangs.
  await all.members[1]?.set("lock:x", "foreign", FOREIGN);
  treat(all, only("give", { arrives: 900 }), { arrives: 700 }, BLACK_HOLE);
  const waiting = rejection(all.locks.acquire("x", { wait: "8s" }));
  await all.clock.advance(100);
  all.clock.block(blocked);
  await all.clock.runUntilSettled(waiting);
  const votes = all.wires[0]?.calls.filter(({ command }) => command === "vote") ?? [];
  expect(votes.length).toBeGreaterThan(1);
  expect(new Set(votes.map(({ token }) => token)).size).toBe(votes.length);
  await all.clock.advance(10_000);
  expect(holdersOf(all)).toEqual(["", "foreign", ""]);
});
