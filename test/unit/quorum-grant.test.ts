import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { holdersOf, only, quorumBench, treat } from "../support/quorum-bench.ts";
import { BLACK_HOLE, type Treatment } from "../support/wire.ts";

const ECONNREFUSED: Treatment = { refuses: new Error("connect ECONNREFUSED") };

describe("a majority grants", () => {
  test("as soon as it has, without waiting for the slow rest", async () => {
    const all = quorumBench({ stores: 5 });
    treat(all, { answers: 10 }, BLACK_HOLE, { answers: 20 }, { answers: 900 }, { answers: 15 });
    const began = all.clock.monotonic();
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x"));
    // The slowest of the quickest three, once for the votes and once for the fence.
    expect(all.clock.monotonic() - began).toBe(40);
    expect(lease.held).toBe(true);
    expect(await all.rival.tryAcquire("x")).toBe(null);
  });

  test("and without a fence in one round", async () => {
    const all = quorumBench({ stores: 5, fence: false });
    treat(all, { answers: 10 }, BLACK_HOLE, { answers: 20 }, { answers: 900 }, { answers: 15 });
    const began = all.clock.monotonic();
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x"));
    expect(all.clock.monotonic() - began).toBe(20);
    expect(() => lease.fence).toThrow();
    expect(all.wires.map((wire) => wire.calls.length)).toEqual([1, 1, 1, 1, 1]);
  });

  test("every store is asked at once", async () => {
    const all = quorumBench({ stores: 5 });
    treat(all, ...Array<Treatment>(5).fill({ arrives: 30 }));
    await all.clock.runUntilSettled(all.locks.acquire("x"));
    const votes = all.wires.map((wire) => wire.calls[0]?.at);
    expect(new Set(votes).size).toBe(1);
  });

  test.each([
    ["hangs", BLACK_HOLE],
    ["refuses", ECONNREFUSED],
    ["answers something else", { says: "OK" }],
    ["grants without a fence", only("vote", { says: ["granted", 30_000, "", "="] })],
    ["throws at once, and not by a promise", undefined],
  ])("although a minority %s", async (how, treatment) => {
    const all = quorumBench();
    treat(all, treatment);
    const [first] = all.wires;
    if (first && how.startsWith("throws"))
      first.eval = () => {
        throw new Error("not connected");
      };
    const lease = await all.locks.acquire("x");
    expect(holdersOf(all).slice(1)).toEqual([lease.token, lease.token]);
    await all.clock.advance(5000);
    expect(await lease.release()).toBe(true);
  });

  test("until what a majority of them has left, counted from before the last round", async () => {
    const all = quorumBench({ ttl: "10s" });
    treat(all, { arrives: 100, answers: 100 }, { arrives: 100, answers: 100 }, BLACK_HOLE);
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x"));
    // Granted at 100 ms; the fence was sent off at 200 and read what was left at 300; its answer came at 400.
    expect(lease.remaining()).toBeCloseTo((10_000 - 200) * 0.99 - 2 - 200, 0);
  });

  test("unfenced, until what a majority said that they have left", async () => {
    const all = quorumBench({ ttl: "10s", fence: false });
    treat(all, only("vote", { says: ["granted", 4000, "", "="] }), undefined, BLACK_HOLE);
    expect((await all.locks.acquire("x")).remaining()).toBeCloseTo(4000 * 0.99 - 2, 0);
  });

  test("but not a grant that is over before all of it is known", async () => {
    const all = quorumBench({ ttl: "1s", over: { timeout: "1s" } });
    treat(all, { answers: 490 }, { answers: 490 }, BLACK_HOLE);
    const error = await all.clock.runUntilSettled(rejection(all.locks.tryAcquire("x")));
    expect(error).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(5000);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });
});

describe("refused as soon as there can be no majority", () => {
  test("though a store hangs", async () => {
    const all = quorumBench();
    await all.rival.acquire("x");
    treat(all, undefined, BLACK_HOLE, undefined);
    const began = all.clock.monotonic();
    expect(await all.locks.tryAcquire("x")).toBe(null);
    expect(all.clock.monotonic()).toBe(began);
  });

  test("as an outage if a majority of the stores is down, at once where they say so", async () => {
    const all = quorumBench();
    treat(all, ECONNREFUSED, undefined, ECONNREFUSED);
    const began = all.clock.monotonic();
    expect(await rejection(all.locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
    expect(all.clock.monotonic()).toBe(began);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test("as busy where a minority is down and another holds what would be needed", async () => {
    const all = quorumBench();
    await all.members[0]?.set("lock:x", `t${"a".repeat(22)} worker 7`, { nx: true, px: 60_000 });
    treat(all, undefined, undefined, ECONNREFUSED);
    const error = await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { wait: "500ms" })));
    expect(error).toMatchObject({ code: "TIMEOUT", holder: "worker 7" });
    await all.clock.advance(0);
    expect(holdersOf(all).slice(1)).toEqual(["", ""]);
  });

  test("as busy where a store that had granted is lost before the fence is agreed on, and another is taken", async () => {
    const all = quorumBench();
    await all.members[0]?.set("lock:x", "foreign", { nx: true, px: 60_000 });
    treat(all, undefined, undefined, only("raise", ECONNREFUSED));
    expect(await all.locks.tryAcquire("x")).toBe(null);
    await all.clock.advance(0);
    expect(holdersOf(all)).toEqual(["foreign", "", ""]);
  });

  test("as an outage where too many are lost before it is, with what each said", async () => {
    const all = quorumBench();
    treat(all, only("raise", ECONNREFUSED), ECONNREFUSED, undefined);
    const error = await rejection(all.locks.tryAcquire("x"));
    expect(error).toMatchObject({ code: "BACKEND", errors: [{ position: 0 }, { position: 1 }] });
    await all.clock.advance(3000);
    expect(holdersOf(all)).toEqual(["", "", ""]);
  });

  test.each([
    ["the second of three", [1, 2, 3], 2001],
    ["the first of two", [1, 5, 0], 1001],
  ])("and tried again at the moment at which enough of them are free: %s", async (_, seconds, after) => {
    const all = quorumBench({ retry: () => 60_000 });
    for (const [index, member] of all.members.entries())
      if (seconds[index]) await member.set("lock:x", "foreign", { nx: true, px: seconds[index] * 1000 });
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(all.locks.acquire("x", { wait: "10s" }));
    expect(all.clock.monotonic() - began).toBe(after);
  });
});

describe("any number of stores settles", () => {
  test.each([[1], [2], [3], [4], [5], [6], [7]])("%i", async (stores) => {
    const all = quorumBench({ stores });
    const majority = Math.floor(stores / 2) + 1;
    const down = stores - majority;
    treat(all, ...Array<Treatment>(down).fill(ECONNREFUSED));
    const lease = await all.locks.acquire("x");
    expect(await all.rival.tryAcquire("x")).toBe(null);
    expect(await lease.release()).toBe(true);
    treat(all, ...Array<Treatment>(down + 1).fill(ECONNREFUSED));
    expect(await rejection(all.locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
    await all.clock.advance(0);
    expect(await all.rival.tryAcquire("x")).not.toBe(null);
  });

  test("with a quorum of all, every one counts", async () => {
    const all = quorumBench({ stores: 3, over: { quorum: 3 } });
    await all.locks.request("x", () => {});
    treat(all, undefined, ECONNREFUSED, undefined);
    expect(await rejection(all.locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND", errors: [{ position: 1 }] });
  });

  test.each([
    [2, 2],
    [3, 3],
    [4, 2],
    [4, 4],
    [5, 3],
  ])("%i stores, and %i contenders that reach them in different orders", async (stores, contenders) => {
    const all = quorumBench({ stores });
    const winners: Lease[] = [];
    const tries: number[] = [];
    const clients = Array.from({ length: contenders }, (_, nearest) => {
      const client = all.client({ wait: "20s" });
      treat(client, ...client.wires.map((_, store) => ({ arrives: store === nearest ? 1 : 20, answers: 1 })));
      return client;
    });
    const waits = clients.map(async ({ locks, wires }) => {
      const lease = await locks.acquire("x");
      winners.push(lease);
      tries.push(wires[0]?.sent("vote") ?? 0);
      expect(winners.filter(({ held }) => held)).toEqual([lease]);
      await lease.release();
    });
    await all.clock.runUntilSettled(Promise.all(waits));
    expect(Math.min(...tries)).toBeLessThanOrEqual(5);
    await all.clock.advance(60_000);
    expect(holdersOf(all)).toEqual(Array(stores).fill(""));
  });
});

describe("with five stores, of which two are taken and three fail, no majority can be had, and an attempt ends", () => {
  const orders = [0, 1, 2, 3, 4].flatMap((a) => [0, 1, 2, 3, 4].filter((b) => b > a).map((b) => [a, b] as const));

  async function outcomeOf(taken: readonly number[], treatment: (index: number) => Treatment): Promise<string> {
    const all = quorumBench({ stores: 5, ttl: "10s" });
    for (const index of taken) await all.members[index]?.set("lock:x", "foreign", { nx: true, px: 60_000 });
    treat(all, ...all.members.map((_, index) => treatment(index)));
    const attempt = all.locks.tryAcquire("x").then(String, (error) => error.code);
    return all.clock.runUntilSettled(attempt);
  }

  test.each(orders)(
    "as an outage if the refusals are the first three answers, else as busy: %i and %i are taken",
    async (...taken) => {
      const refuses = new Error("LOADING Redis is loading the dataset in memory");
      const outcome = await outcomeOf(taken, (index) => ({
        arrives: 10 * (index + 1),
        ...(!taken.includes(index) && { refuses }),
      }));
      expect(outcome).toBe(taken[0] === 3 ? "BACKEND" : "null");
    },
  );

  test.each(orders)("as an outage if those that fail hang: %i and %i are taken", async (...taken) => {
    expect(await outcomeOf(taken, (index) => (taken.includes(index) ? {} : BLACK_HOLE))).toBe("BACKEND");
  });
});
