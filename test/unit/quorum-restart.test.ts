import { describe, expect, test } from "vitest";
import type { LockBackendError } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { holdersOf, type Member, type QuorumBench, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";

const [A, B] = ["a", "b"].map((letter) => letter.repeat(40)) as [string, string];

/** Every server says for how long it has run, an hour to begin with. */
function talkative(all: QuorumBench): QuorumBench {
  for (const member of all.members) starts(all, member, A, 3600);
  return all;
}

function starts({ clock }: QuorumBench, member: Member | undefined, id: string, uptime = 0): void {
  const began = clock.monotonic() - uptime * 1000;
  if (member) member.run = () => [id, Math.floor((clock.monotonic() - began) / 1000)];
}

describe("a server that restarted empty", () => {
  test("does not let a second holder in", async () => {
    const all = talkative(quorumBench({ ttl: "10s" }));
    // The third does not hear of it.
    treat(all, undefined, undefined, BLACK_HOLE);
    const lease = await all.locks.acquire("x");
    const [, second] = all.members as [Member, Member, Member];
    second.lose();
    starts(all, second, B);
    expect(await all.rival.tryAcquire("x", { ttl: "10s" })).toBe(null);
    expect(lease.held).toBe(true);
    await all.clock.advance(0);
    expect(holdersOf(all)).toEqual([lease.token, "", ""]);
  });

  test("counts after the ttl of the call, and a second that the uptime may have too much", async () => {
    const all = talkative(quorumBench({ ttl: "10s" }));
    for (const member of all.members.slice(0, 2)) starts(all, member, B);
    const error = (await rejection(all.locks.tryAcquire("x"))) as LockBackendError;
    const text = "it has been running for 0 s, and may have forgotten a lock";
    expect(error.errors).toMatchObject([
      { position: 0, message: text },
      { position: 1, message: text },
    ]);
    expect(error.message).toMatch(/It counts after 10000 ms, the maxTtl\.$/);
    expect(holdersOf(all)).toEqual(["", "", ""]);
    await all.clock.advance(10_999);
    expect(await rejection(all.locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(1);
    expect(await all.locks.tryAcquire("x")).not.toBe(null);
  });

  test("counts after maxTtl where that is declared", async () => {
    const all = talkative(quorumBench({ ttl: "10s", over: { maxTtl: "1m" } }));
    for (const member of all.members.slice(0, 2)) starts(all, member, B);
    await all.clock.advance(60_000);
    expect(await rejection(all.locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(1000);
    expect(await all.locks.tryAcquire("x")).not.toBe(null);
  });

  test("counts at once where it forgets nothing", async () => {
    const all = talkative(quorumBench({ over: { maxTtl: 0 } }));
    for (const member of all.members) starts(all, member, B);
    expect(await all.locks.tryAcquire("x")).not.toBe(null);
  });

  test("is waited for: a wait that lasts longer than it is young gets the lock", async () => {
    const all = talkative(quorumBench({ ttl: "5s" }));
    for (const member of all.members) starts(all, member, B);
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(all.locks.acquire("x", { wait: "20s" }));
    expect(all.clock.monotonic() - began).toBeGreaterThanOrEqual(5000);
  });

  test("is young for a client that saw the run before, though its clock was set forward", async () => {
    const all = talkative(quorumBench({ ttl: "10s" }));
    await all.locks.request("x", () => {});
    await all.clock.advance(1000);
    for (const member of all.members.slice(0, 2)) starts(all, member, B, 7200);
    expect(await rejection(all.locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
    // Another run of it was seen a second before the restart, or later.
    await all.clock.advance(9000);
    expect(await all.locks.tryAcquire("x")).not.toBe(null);
  });

  test("gets the lock of a holder back at once: repair does not wait", async () => {
    const all = talkative(quorumBench({ ttl: "3s", renew: true }));
    const lease = await all.locks.acquire("x");
    const [first] = all.members as [Member];
    first.lose();
    starts(all, first, B);
    await all.clock.advance(1000);
    expect(holdersOf(all)).toEqual([lease.token, lease.token, lease.token]);
  });
});

test("a cluster has a server for each part of the names, and none of them is young because of the others", async () => {
  const all = talkative(quorumBench());
  let calls = 0;
  for (const [index, member] of all.members.entries()) {
    member.run = () => [++calls % 2 ? A : B, 3600];
    const wire = all.wires[index];
    if (wire) wire.nodes = () => [member, member];
  }
  for (let round = 0; round < 4; round++) await all.locks.request("x", () => {});
});
