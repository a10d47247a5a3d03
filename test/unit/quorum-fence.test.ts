import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/index.ts";
import { counters, holdersOf, type Member, only, quorumBench, treat } from "../support/quorum-bench.ts";
import { seededRandom } from "../support/random.ts";

const ECONNREFUSED = { refuses: new Error("connect ECONNREFUSED") };

describe("a later grant's fence is larger", () => {
  test("although the first was the maximum of one store with a fast clock, which the second does not reach", async () => {
    const all = quorumBench();
    (all.members[0] as Member).ahead = 3_600_000;
    treat(all, undefined, undefined, ECONNREFUSED);
    const first = await all.locks.acquire("x");
    expect(counters(all)).toEqual([first.fence, first.fence, 0]);
    await first.release();
    treat(all, ECONNREFUSED);
    const second = await all.locks.acquire("x");
    expect(second.fence).toBeGreaterThan(first.fence);
  });

  test("although one store lost the lock and another voted late, after the maximum was decided", async () => {
    const all = quorumBench();
    (all.members[2] as Member).ahead = 10;
    // Its votes: from the second, and from the third, whose counter is the maximum. The first gets the request late.
    const raised = only("raise", { arrives: 600 });
    treat(all, only("vote", { arrives: 500 }), raised, raised);
    const late = all.locks.acquire("x", { wait: "20s" });
    await all.clock.advance(50);
    await all.members[2]?.remove("x");
    const first = await all.rival.acquire("x");
    expect(holdersOf(all)).toEqual([first.token, expect.not.stringMatching(first.token), first.token]);
    await first.release();
    const second = await all.clock.runUntilSettled(late);
    expect(second.fence).toBeGreaterThan(first.fence);
  });

  test("although stores lose their locks, clocks are apart, and requests are late, lost or sent twice", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seededRandom(seed);
      const all = quorumBench({ ttl: "2s", stores: 3 + (seed % 3) });
      for (const member of all.members) member.ahead = Math.floor(random() * 100_000);
      const clients = [all.client(), all.client(), all.client()];
      for (const client of clients)
        treat(
          client,
          ...client.wires.map(() => () => {
            const dice = random();
            if (dice < 0.1) return { answers: Number.POSITIVE_INFINITY };
            if (dice < 0.15) return ECONNREFUSED;
            return { arrives: random() * (dice < 0.3 ? 900 : 30), answers: random() * 30, twice: dice > 0.9 };
          }),
        );
      const granted: Lease[] = [];
      const uses = clients.map(async ({ locks }) => {
        for (let count = 0; count < 4; count++) {
          const lease = await locks.acquire("x", { wait: "5s" }).catch(() => undefined);
          if (!lease) continue;
          granted.push(lease);
          if (random() < 0.3) await all.members[Math.floor(random() * all.members.length)]?.remove("x");
          // A release before another may hold, or none until the ttl frees it.
          if (random() < 0.7) await lease.release().catch(() => {});
        }
      });
      await all.clock.runUntilSettled(Promise.all(uses));
      const fences = granted.map(({ fence }) => fence);
      expect(fences, `seed ${seed}`).toEqual([...new Set(fences)].sort((a, b) => a - b));
      expect(fences.length, `seed ${seed}`).toBeGreaterThan(0);
      await all.clock.runUntilSettled(Promise.all(clients.map(({ locks }) => locks.close())));
    }
  });
});

describe("a fence is the same", () => {
  test("however often its requests are executed", async () => {
    const all = quorumBench();
    treat(all, { twice: true }, { twice: true }, { twice: true });
    const lease = await all.locks.acquire("x");
    await all.clock.advance(0);
    expect((await all.rival.query("x")).holders[0]?.fence).toBe(lease.fence);
    expect(await lease.release()).toBe(true);
  });

  test("in what query says, although a store voted after it was decided, with a larger counter", async () => {
    const all = quorumBench();
    (all.members[0] as Member).ahead = 60_000;
    treat(all, only("vote", { arrives: 5 }));
    const lease = await all.locks.acquire("x");
    await all.clock.advance(5);
    const [late, ...others] = counters(all);
    expect(others).toEqual([lease.fence, lease.fence]);
    expect(late).toBeGreaterThan(lease.fence);
    expect((await all.rival.query("x")).holders[0]?.fence).toBe(lease.fence);
  });

  test("for a lease that was handed over, and repaired by its new holder", async () => {
    const all = quorumBench({ ttl: "3s" });
    treat(all, ECONNREFUSED);
    const lease = await all.locks.acquire("x");
    const other = all.client().locks.restore(lease.handOver());
    await other.extend();
    await all.clock.advance(0);
    expect(other.fence).toBe(lease.fence);
    expect(counters(all)).toEqual([lease.fence, lease.fence, lease.fence]);
  });
});

test("a fence that is written back late changes nothing of a later grant", async () => {
  const all = quorumBench();
  // All three grant, the first as the last, and the others agree; it gets the fence much later, twice.
  treat(all, ({ command }) => (command === "vote" ? { arrives: 1 } : { arrives: 10_000, twice: true }));
  const first = await all.locks.acquire("x");
  await all.clock.advance(1);
  treat(all);
  await first.release();
  const second = await all.rival.acquire("x");
  const before = counters(all);
  await all.clock.advance(10_000);
  expect(all.wires[0]?.sent("raise")).toBe(1);
  expect(counters(all)).toEqual(before);
  expect(holdersOf(all)).toEqual([second.token, second.token, second.token]);
});

test("one round is enough where a majority has the same counter already, and for one store", async () => {
  const all = quorumBench();
  for (const member of all.members) member.ahead = 0;
  await all.locks.acquire("x");
  expect(all.wires.map((wire) => wire.sent("raise"))).toEqual([0, 0, 0]);
  const one = quorumBench({ stores: 1 });
  await one.locks.acquire("x");
  expect(one.wires[0]?.calls.map(({ command }) => command)).toEqual(["vote"]);
});
