import { describe, expect, test } from "vitest";
import { inOrder, type Line, line, type Process, WAYS } from "../support/line.ts";

/** Three who stand in line behind a holder; the middle one can be made to give up. */
async function three(all: Line, middle: object = {}) {
  const holder = await all.process().locks.acquire("x", { ttl: "1m" });
  const processes = [all.process(), all.process(), all.process()] as [Process, Process, Process];
  const calls = processes.map(
    (each, index) => () => each.locks.acquire("x", index === 1 ? { wait: "5m", ...middle } : {}),
  );
  const waits = await inOrder(all.clock, calls);
  expect(all.standing()).toHaveLength(3);
  return { holder, processes, waits: waits as [(typeof waits)[0], (typeof waits)[0], (typeof waits)[0]] };
}

describe.each(WAYS)("%s: who gives up leaves the line", (way) => {
  test("by an abort", async () => {
    const all = await line(way);
    const controller = new AbortController();
    const { holder, waits } = await three(all, { signal: controller.signal });
    const [first, , third] = all.standing();
    const reason = new Error("not wanted any more");
    controller.abort(reason);
    await expect(waits[1]).rejects.toBe(reason);
    await all.clock.advance(0);
    expect(all.standing()).toEqual([first, third]);
    await holder.release();
    const one = await all.clock.runUntilSettled(waits[0]);
    await one.release();
    await (await all.clock.runUntilSettled(waits[2])).release();
    await all.nothingLeft();
    expect(all.clock.pending.count).toBe(0);
  });

  test.each([true, false])("when its time is over, and says who has the lock (fence: %s)", async (fence) => {
    const all = await line(way);
    const { holder, waits } = await three(all, { wait: "3s", fence });
    await expect(all.clock.runUntilSettled(waits[1])).rejects.toMatchObject({ code: "TIMEOUT", lockName: "x" });
    await all.clock.advance(0);
    expect(all.standing()).toHaveLength(2);
    await holder.release();
    for (const wait of [waits[0], waits[2]]) await (await all.clock.runUntilSettled(wait)).release();
    await all.nothingLeft();
  });

  test("when its locks are closed", async () => {
    const all = await line(way);
    const { holder, processes, waits } = await three(all);
    const closed = processes[1].locks.close();
    await expect(waits[1]).rejects.toMatchObject({ code: "CLOSED" });
    await all.clock.runUntilSettled(closed);
    expect(all.standing()).toHaveLength(2);
    await holder.release();
    for (const wait of [waits[0], waits[2]]) await (await all.clock.runUntilSettled(wait)).release();
    await all.nothingLeft();
    expect(all.clock.pending.count).toBe(0);
  });

  test("when its attempts are used up", async () => {
    const all = await line(way);
    await all.process().locks.acquire("x", { ttl: "1m" });
    const wait = all.process().locks.acquire("x", { maxAttempts: 1 });
    await expect(all.clock.runUntilSettled(wait)).rejects.toMatchObject({ code: "TIMEOUT", attempts: 1 });
    await all.clock.advance(0);
    expect(all.standing()).toEqual([]);
  });

  test("and hands on what it was handed while it left", async () => {
    const all = await line(way, { renew: true });
    const controller = new AbortController();
    const { holder, processes, waits } = await three(all, { signal: controller.signal });
    await holder.release();
    const first = await all.clock.runUntilSettled(waits[0]);
    // What it is told, and what it asks, is late.
    processes[1].hear = () => {};
    processes[1].network.treat = ({ command }) => (command === "join" ? { arrives: 5000 } : undefined);
    await first.release();
    expect(all.lock()?.value).toMatch(/^\?/);
    controller.abort(new Error("not wanted any more"));
    const began = all.clock.monotonic();
    await expect(waits[1]).rejects.toThrow("not wanted");
    const third = await all.clock.runUntilSettled(waits[2]);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(1001);
    await all.clock.advance(10_000);
    expect(third.held).toBe(true);
    await third.release();
    await all.nothingLeft();
  });

  test("a wait that is abandoned before its answer came leaves nothing", async () => {
    const all = await line(way);
    const holder = await all.process().locks.acquire("x", { ttl: "1m" });
    const slow = all.process();
    const controller = new AbortController();
    // Its release overtakes it: it arrives when its token is spent.
    slow.network.treat = ({ command }) => (command === "join" ? { arrives: 1500 } : undefined);
    const wait = slow.locks.acquire("x", { signal: controller.signal });
    await all.clock.advance(100);
    controller.abort(new Error("not wanted any more"));
    await expect(wait).rejects.toThrow("not wanted");
    await all.clock.advance(2000);
    expect(all.standing()).toEqual([]);
    await holder.release();
    await all.nothingLeft();
  });
});

describe("several of one process that listens", () => {
  test("the next of them keeps their places when the first gives up", async () => {
    const all = await line("listening together");
    const holder = await all.process().locks.acquire("x", { ttl: "1m" });
    const one = all.process();
    const controller = new AbortController();
    const waits = await inOrder(all.clock, [
      () => one.locks.acquire("x", { signal: controller.signal }),
      () => one.locks.acquire("x"),
      () => one.locks.acquire("x"),
    ]);
    const tokens = all.standing();
    controller.abort(new Error("not wanted any more"));
    await expect(waits[0]).rejects.toThrow("not wanted");
    await all.clock.advance(20_000);
    expect(all.standing()).toEqual(tokens.slice(1));
    await holder.release();
    for (const [index, wait] of waits.slice(1).entries()) {
      const lease = await all.clock.runUntilSettled(wait);
      expect(lease.token).toBe(tokens[index + 1]);
      await lease.release();
    }
    await all.nothingLeft();
    expect(all.clock.pending.count).toBe(0);
  });
});
