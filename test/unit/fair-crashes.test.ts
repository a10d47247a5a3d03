import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/index.ts";
import { inOrder, line, WAYS, type Way } from "../support/line.ts";

/** For how long one who died may delay the others, in milliseconds. */
const LONGEST: Record<Way, number> = { polling: 11_000, listening: 3000, "listening together": 3000 };
/** The longest pause between two polls of who stands further back. */
const POLL: Record<Way, number> = { polling: 5000, listening: 1000, "listening together": 1000 };

describe.each(WAYS)("%s: who dies strands nobody", (way) => {
  test.each([0, 500, 4000, 40_000])("the next in line, after it has waited for %i ms", async (waited) => {
    const all = await line(way, { renew: true });
    const holder = await all.process().locks.acquire("x", { ttl: "10s" });
    const [dead, alive] = [all.process(), all.process()];
    const [, wait] = await inOrder(all.clock, [() => dead.locks.acquire("x"), () => alive.locks.acquire("x")]);
    await all.clock.advance(waited);
    dead.die();
    await holder.release();
    const began = all.clock.monotonic();
    const lease = await all.clock.runUntilSettled(wait as never);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(LONGEST[way] + 50);
    expect(lease).toMatchObject({ held: true });
  });

  test("one who was far back and asks rarely", async () => {
    const all = await line(way, { renew: true });
    const holder = await all.process().locks.acquire("x", { ttl: "10s" });
    const front = Array.from({ length: 6 }, () => all.process());
    const before = await inOrder(
      all.clock,
      front.map((each, index) => () => all.turn(each, `${index}`, 5)),
    );
    const [dead, alive] = [all.process(), all.process()];
    const [, wait] = await inOrder(all.clock, [() => dead.locks.acquire("x"), () => alive.locks.acquire("x")]);
    await all.clock.advance(60_000);
    dead.die();
    await holder.release();
    await all.clock.runUntilSettled(Promise.all(before));
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(wait as never);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(LONGEST[way] + 50);
    expect(all.served).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  test("a crowd at once costs one lapse and one poll", async () => {
    const all = await line(way, { renew: true });
    const holder = await all.process().locks.acquire("x", { ttl: "10s" });
    const crowd = Array.from({ length: 20 }, () => all.process());
    await inOrder(
      all.clock,
      crowd.map((each) => () => each.locks.acquire("x")),
    );
    const survivor = all.process();
    const [wait] = await inOrder(all.clock, [() => survivor.locks.acquire("x")]);
    await all.clock.advance(30_000);
    for (const each of crowd) each.die();
    const began = all.clock.monotonic();
    await holder.release();
    await all.clock.runUntilSettled(wait as never);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(LONGEST[way] + POLL[way] + 50);
  });

  test("the holder: its ttl, as without a line, and the order stays", async () => {
    const all = await line(way, { ttl: "5s" });
    const dead = all.process();
    await dead.locks.acquire("x", { renew: true });
    const waiters = [all.process(), all.process(), all.process()];
    const turns = await inOrder(
      all.clock,
      waiters.map((each, index) => () => all.turn(each, `${index}`)),
    );
    dead.die();
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(turns[0] as never);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(5000 + 50);
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.served).toEqual(["0", "1", "2"]);
  });

  test("one who was just handed the lock", async () => {
    for (const renew of [true, false]) {
      const all = await line(way, { renew, ttl: "30s" });
      const holder = await all.process().locks.acquire("x");
      const [dead, alive] = [all.process(), all.process()];
      const [, wait] = await inOrder(all.clock, [() => dead.locks.acquire("x"), () => alive.locks.acquire("x")]);
      await all.clock.advance(2000);
      dead.hear = () => {};
      await holder.release();
      dead.die();
      expect(all.lock()?.value).toMatch(/^\?/);
      const began = all.clock.monotonic();
      await all.clock.runUntilSettled(wait as never);
      expect(all.clock.monotonic() - began, `renew: ${renew}`).toBeLessThanOrEqual(LONGEST[way] + 50);
    }
  });

  test("a waiter who was paused for too long loses its place, and takes another", async () => {
    const all = await line(way);
    const holder = await all.process().locks.acquire("x", { ttl: "1m" });
    const [paused, alive] = [all.process(), all.process()];
    const turns = await inOrder(all.clock, [() => all.turn(paused, "paused"), () => all.turn(alive, "alive")]);
    const [lapsed] = all.standing();
    paused.network.treat = () => ({ arrives: 20_000 });
    paused.hear = () => {};
    await all.clock.advance(15_000);
    await holder.release();
    await all.clock.runUntilSettled(turns[1] as never);
    paused.network.treat = () => undefined;
    await all.clock.runUntilSettled(turns[0] as never);
    expect(all.served).toEqual(["alive", "paused"]);
    expect(all.standing()).not.toContain(lapsed);
    await all.nothingLeft();
  });
});

test.each(WAYS)("%s: whose place was dropped stands in line again with another token", async (way) => {
  const all = await line(way);
  const holder = await all.process().locks.acquire("x", { ttl: "1m" });
  const [paused, alive] = [all.process(), all.process()];
  const [first, second] = await inOrder(all.clock, [
    () => paused.locks.acquire("x"),
    () => alive.locks.acquire("x", { ttl: "2m" }),
  ]);
  const [lapsed] = all.standing();
  paused.network.treat = () => ({ arrives: 20_000 });
  paused.hear = () => {};
  await all.clock.advance(15_000);
  await holder.release();
  const lease = await all.clock.runUntilSettled(second as Promise<Lease>);
  paused.network.treat = () => undefined;
  // What it sent meanwhile comes late, and puts nothing back.
  await all.clock.advance(30_000);
  expect(all.standing()).toHaveLength(1);
  expect(all.standing()).not.toContain(lapsed);
  await lease.release();
  await (await all.clock.runUntilSettled(first as Promise<Lease>)).release();
  await all.nothingLeft();
});

test("a living waiter is not overtaken because one poll of it was lost", async () => {
  for (const way of WAYS) {
    for (const fault of [{ refuses: new Error("connection refused") }, { throws: new Error("connection lost") }]) {
      const all = await line(way, { retry: () => 3_600_000 });
      const holder = await all.process().locks.acquire("x", { ttl: "10m" });
      const [unlucky, other] = [all.process(), all.process()];
      const turns = await inOrder(all.clock, [() => all.turn(unlucky, "unlucky"), () => all.turn(other, "other")]);
      await all.clock.advance(5000);
      let lose = 1;
      unlucky.network.treat = () => (lose-- > 0 ? fault : undefined);
      await all.clock.advance(5000);
      await holder.release();
      await all.clock.runUntilSettled(Promise.all(turns));
      expect(all.served, way).toEqual(["unlucky", "other"]);
    }
  }
});
