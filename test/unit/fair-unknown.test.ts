import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/index.ts";
import { inOrder, line, WAYS } from "../support/line.ts";
import { BLACK_HOLE, type Call, LOST_REPLY, type Treatment } from "../support/wire.ts";

const FAULTS: [what: string, treatment: Treatment][] = [
  ["was refused on the way", { refuses: new Error("connection refused") }],
  ["was executed, and its reply lost", { throws: new Error("connection lost") }],
  ["vanished", BLACK_HOLE],
  ["was executed, and nothing came back", LOST_REPLY],
  ["was executed twice", { twice: true }],
  ["was executed a second late", { arrives: 1000 }],
  ["was answered a second late", { answers: 1000 }],
  ["was answered with nonsense", { says: "OK" }],
];

/** Treats one request of a command so, the n-th from now on. */
function once(command: Call["command"], nth: number, treatment: Treatment): (call: Call) => Treatment | undefined {
  let left = nth;
  return (call) => (call.command === command && --left === 0 ? treatment : undefined);
}

/** The longest that one request of which nothing is known may take: the limit on it, a pause, a place that lapses. */
const LONGEST = 2000 + 1000 + 11_000;

describe.each(WAYS)("%s: a request that", (way) => {
  describe.each(FAULTS)("%s strands nobody, and leaves nothing", (_, treatment) => {
    test.each([1, 2, 3])("as the joining, number %i", async (nth) => {
      const all = await line(way, { commandTimeout: "2s", renew: true });
      const holder = await all.process().locks.acquire("x", { ttl: "1m" });
      const [unlucky, other] = [all.process(), all.process()];
      unlucky.network.treat = once("join", nth, treatment);
      const turns = await inOrder(all.clock, [() => all.turn(unlucky, "unlucky"), () => all.turn(other, "other")]);
      await all.clock.advance(3500);
      await holder.release();
      const began = all.clock.monotonic();
      await all.clock.runUntilSettled(Promise.all(turns));
      expect(all.clock.monotonic() - began).toBeLessThanOrEqual(LONGEST);
      expect([...all.served].sort()).toEqual(["other", "unlucky"]);
      await all.nothingLeft();
      expect(all.clock.pending.count).toBe(0);
    });

    test("as the release", async () => {
      const all = await line(way, { commandTimeout: "2s", renew: true });
      const unlucky = all.process();
      const holder = await unlucky.locks.acquire("x", { ttl: "10s" });
      // One waits beside the holder, and one elsewhere.
      const turns = await inOrder(all.clock, [() => all.turn(unlucky, "a"), () => all.turn(all.process(), "b")]);
      await all.clock.advance(500);
      unlucky.network.treat = once("pass", 1, treatment);
      const released = holder.release();
      const began = all.clock.monotonic();
      await all.clock.runUntilSettled(Promise.all(turns));
      expect(all.clock.monotonic() - began).toBeLessThanOrEqual(LONGEST);
      expect(all.served).toEqual(["a", "b"]);
      expect(await all.clock.runUntilSettled(released)).toBe(true);
      await all.nothingLeft();
    });

    test("as the leaving of the line", async () => {
      const all = await line(way, { commandTimeout: "2s" });
      const holder = await all.process().locks.acquire("x", { ttl: "1m" });
      const [unlucky, other] = [all.process(), all.process()];
      const controller = new AbortController();
      const [left, turn] = await inOrder<unknown>(all.clock, [
        () => unlucky.locks.acquire("x", { signal: controller.signal }),
        () => all.turn(other, "other"),
      ]);
      unlucky.network.treat = once("pass", 1, treatment);
      controller.abort(new Error("not wanted any more"));
      await expect(left).rejects.toThrow("not wanted");
      await all.clock.advance(6000);
      expect(all.standing()).toHaveLength(1);
      await holder.release();
      await all.clock.runUntilSettled(turn as never);
      await all.nothingLeft();
      expect(all.clock.pending.count).toBe(0);
    });
  });

  test("every kind at random, to every process", async () => {
    const all = await line(way, { commandTimeout: "1s", renew: true, ttl: "4s" });
    const processes = [all.process(), all.process(), all.process()];
    const leases: Lease[] = [];
    let most = 0;
    for (const each of processes)
      each.network.treat = () =>
        all.clock.random() < 0.15 ? FAULTS[Math.floor(all.clock.random() * FAULTS.length)]?.[1] : undefined;
    const fences: number[] = [];
    const calls = Array.from({ length: 30 }, (_, index) => async () => {
      const { locks } = processes[index % 3] as (typeof processes)[0];
      const lease = await locks.acquire("x", { wait: "1h" });
      leases.push(lease);
      fences.push(lease.fence);
      most = Math.max(most, leases.filter(({ held }) => held).length);
      for (let step = 0; step < 10 && lease.held; step++) {
        await new Promise<void>((resolve) => all.clock.timer(30, resolve));
      }
      await lease.release().catch(() => {});
    });
    await all.clock.runUntilSettled(Promise.all(await inOrder(all.clock, calls)));
    expect(fences).toHaveLength(30);
    expect(most).toBe(1);
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    await all.nothingLeft();
  });
});
