import { describe, expect, test } from "vitest";
import type { Lease, LostReason } from "../../src/index.ts";
import { type Bench, bench } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY, type Treatment } from "../support/wire.ts";

const DOWN: Treatment = { refuses: new Error("connect ECONNREFUSED 127.0.0.1:6379") };

function extends_({ network }: Bench): number[] {
  return network.calls.filter(({ command }) => command === "extend").map(({ at }) => at);
}

/** When the signal fired, on the monotonic clock, and how often. */
function watch({ clock }: Bench, lease: Lease): { at: number[]; reason: () => LostReason | undefined } {
  const at: number[] = [];
  lease.signal.addEventListener("abort", () => at.push(clock.monotonic()));
  return { at, reason: () => lease.signal.reason?.reason };
}

describe("renewal", () => {
  test("extends every third of the ttl while the callback of request runs", async () => {
    const all = bench();
    const began = all.clock.monotonic();
    let least = Number.POSITIVE_INFINITY;
    await all.clock.runUntilSettled(
      all.locks.request("x", async () => {
        for (let second = 0; second < 95; second++) {
          await new Promise<void>((resolve) => all.clock.timer(1000, resolve));
          least = Math.min(least, all.store.entries().find(({ key }) => key === "lock:x")?.pttl ?? 0);
        }
      }),
    );
    const due = [10, 20, 30, 40, 50, 60, 70, 80, 90].map((second) => began + second * 1000);
    expect(extends_(all)).toEqual(due);
    expect(least).toBeGreaterThanOrEqual(20_000);
    expect(
      all.network.calls.filter(({ command }) => command === "extend").every(({ args }) => args[1] === "30000"),
    ).toBe(true);
  });

  test("is off in acquire and tryAcquire unless asked for, and on in request and wrap unless refused", async () => {
    const all = bench();
    await all.locks.acquire("a");
    await all.locks.tryAcquire("b");
    await all.clock.advance(20_000);
    expect(extends_(all)).toEqual([]);

    const kept = [await all.locks.acquire("c", { renew: true }), await all.locks.tryAcquire("d", { renew: true })];
    await all.clock.advance(100_000);
    expect(kept.map((lease) => lease?.held)).toEqual([true, true]);

    const sleep = () => new Promise<void>((resolve) => all.clock.timer(100_000, resolve));
    await all.clock.runUntilSettled(all.locks.wrap(sleep, { name: "e" })());
    await expect(all.clock.runUntilSettled(all.locks.request("f", { renew: false }, sleep))).rejects.toMatchObject({
      code: "LOST",
      reason: "expired",
    });
  });

  test("stops with the release, even while a renewal is in flight", async () => {
    for (const treatment of [{ answers: 3000 }, { arrives: 3000 }, LOST_REPLY]) {
      const all = bench();
      all.network.treat = ({ command }) => (command === "extend" ? treatment : undefined);
      const lease = await all.locks.acquire("x", { renew: true });
      await all.clock.advance(11_000);
      expect(extends_(all)).toHaveLength(1);
      expect(await all.clock.runUntilSettled(lease.release())).toBe(true);
      const sent = all.network.calls.length;
      await all.clock.advance(600_000);
      expect(all.network.calls).toHaveLength(sent);
      expect(all.network.calls.at(-1)?.command).toBe("release");
      expect(all.clock.pending.count).toBe(0);
    }
  });

  test("goes on with the longest ttl that was asked for, and never shortens", async () => {
    const all = bench();
    const lease = await all.locks.acquire("x", { ttl: "10s", renew: true });
    await lease.extend("60s");
    const until = lease.expiresAt;
    await lease.extend("5s");
    expect(lease.expiresAt).toBe(until);
    expect(all.store.entries().find(({ key }) => key === "lock:x")?.pttl).toBe(60_000);
    await all.clock.advance(200_000);
    const asked = all.network.calls.filter(({ command }) => command === "extend").map(({ args }) => args[1]);
    expect(new Set(asked.slice(2))).toEqual(new Set(["60000"]));
    expect(lease.held).toBe(true);
  });

  test("never runs twice at once, and requests of one lease follow one another", async () => {
    const all = bench();
    let [now, most] = [0, 0];
    all.network.treat = () => ({ arrives: 1500, answers: 1500 });
    const slow = all.network.eval;
    all.network.eval = async (...args) => {
      most = Math.max(most, ++now);
      return slow(...args).finally(() => now--);
    };
    const lease = await all.clock.runUntilSettled(all.locks.acquire("x", { ttl: "10s", renew: true }));
    const work = [lease.extend(), lease.verify(), lease.extend("20s"), lease.verify()];
    await all.clock.runUntilSettled(Promise.all(work));
    await all.clock.advance(60_000);
    await all.clock.runUntilSettled(Promise.all([lease.verify(), lease.release(), lease.release()]));
    expect(most).toBe(1);
  });

  test.each([20, 25, 50, 100, 250, 1000])(
    "with a ttl of %d ms is at most four requests a ttl, whatever they meet",
    async (ttl) => {
      const treatments: Treatment[] = [
        {},
        DOWN,
        { throws: new Error("socket hang up") },
        BLACK_HOLE,
        LOST_REPLY,
        { answers: ttl / 10 },
      ];
      for (const treatment of treatments) {
        const all = bench();
        all.network.treat = ({ command }) => (command === "extend" ? treatment : undefined);
        await all.locks.acquire("x", { ttl: `${ttl}ms`, renew: true });
        const from = all.clock.monotonic();
        await all.clock.advance(ttl * 20);
        const sent = extends_(all).map((at) => at - from);
        for (const begin of sent) {
          const within = sent.filter((at) => at >= begin && at < begin + ttl);
          expect(within.length, `${JSON.stringify(treatment)}: ${sent}`).toBeLessThanOrEqual(4);
        }
        expect(sent.length).toBeGreaterThan(0);
      }
    },
  );
});

describe("an unknown outcome of a renewal", () => {
  test.each([
    ["refused", DOWN],
    ["lost on the way back", LOST_REPLY],
    ["lost on the way", BLACK_HOLE],
    ["broken off", { throws: new Error("socket hang up") }],
    ["malformed", { says: "<html>502</html>" }],
  ])("(%s) changes nothing: it is asked again, and the lease goes on", async (_, treatment) => {
    const all = bench();
    all.network.treat = ({ command, nth }) => (command === "extend" && nth <= 2 ? treatment : undefined);
    const lease = await all.locks.acquire("x", { renew: true });
    const { at } = watch(all, lease);
    await all.clock.advance(300_000);
    expect([lease.held, at]).toEqual([true, []]);
    expect(all.events.filter(({ type }) => type === "failed").map(({ during }) => during)).toEqual(["renew", "renew"]);
  });

  test("is asked about again before the next third", async () => {
    const all = bench();
    all.network.treat = ({ command, nth }) => (command === "extend" && nth === 1 ? DOWN : undefined);
    await all.locks.acquire("x", { renew: true });
    const began = all.clock.monotonic();
    await all.clock.advance(19_000);
    expect(extends_(all).map((at) => at - began)).toEqual([10_000, 15_000]);
  });

  test.each([
    ["nothing is answered", BLACK_HOLE],
    ["everything is refused", DOWN],
    ["answers are lost", LOST_REPLY],
  ])("that stays unknown (%s) ends the lease at its deadline, not before and not later", async (_, treatment) => {
    const all = bench();
    const lease = await all.locks.acquire("x", { ttl: "10s", renew: true });
    const { at, reason } = watch(all, lease);
    all.network.treat = () => treatment;
    const deadline = all.clock.monotonic() + lease.remaining();
    await all.clock.advance(60_000);
    expect(at).toHaveLength(1);
    expect(at[0]).toBeLessThan(deadline);
    expect(at[0]).toBeGreaterThanOrEqual(deadline - 26);
    expect(reason()).toBe("unreachable");
    expect(lease.held).toBe(false);
  });

  test("that was answered once more counts from that renewal", async () => {
    const all = bench();
    all.network.treat = ({ command, nth }) => (command === "extend" && nth > 1 ? BLACK_HOLE : undefined);
    const lease = await all.locks.acquire("x", { ttl: "9s", renew: true });
    const { at } = watch(all, lease);
    const renewedAt = all.clock.monotonic() + 3000;
    await all.clock.advance(60_000);
    expect(at).toEqual([renewedAt + 9000 - 92 - 25]);
  });

  test("a black hole while holding: the callback hears of it, and request settles with what it returned", async () => {
    const all = bench();
    const began = all.clock.monotonic();
    const running = all.locks.request("x", { ttl: "10s" }, async (lease) => {
      all.network.treat = () => BLACK_HOLE;
      await new Promise<void>((resolve) => lease.signal.addEventListener("abort", () => resolve()));
      return { done: "half" };
    });
    await expect(all.clock.runUntilSettled(running)).rejects.toMatchObject({
      code: "LOST",
      reason: "unreachable",
      lockName: "x",
      result: { done: "half" },
    });
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(20_000);
  });
});
