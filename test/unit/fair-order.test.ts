import { describe, expect, test } from "vitest";
import { inOrder, line, WAYS } from "../support/line.ts";

const NAMES = [..."abcdefgh"];

describe.each(WAYS)("%s", (way) => {
  test("who came first is served first, from one process or many", async () => {
    const all = await line(way);
    const processes = [all.process(), all.process(), all.process()];
    const turns = await inOrder(
      all.clock,
      NAMES.map((who, index) => () => all.turn(processes[index % 3] as never, who)),
    );
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.served).toEqual(NAMES);
    await all.nothingLeft();
    expect(all.clock.pending.count).toBe(0);
  });

  test("with leases that renew themselves, and short ones", async () => {
    for (const [ttl, hold] of [
      [30_000, 20],
      [2000, 1500],
      [500, 700],
      [100, 250],
    ] as const) {
      const all = await line(way, { renew: true, ttl: `${ttl}ms` });
      const processes = [all.process(), all.process()];
      const turns = await inOrder(
        all.clock,
        NAMES.map((who, index) => () => all.turn(processes[index % 2] as never, who, hold)),
      );
      await all.clock.runUntilSettled(Promise.all(turns));
      expect(all.served, `${ttl}`).toEqual(NAMES);
    }
  });

  test("however long the first of them has to wait", async () => {
    const all = await line(way);
    const [one, two] = [all.process(), all.process()];
    const [long, ...others] = await inOrder(all.clock, [
      () => all.turn(one, "long", 60_000, { renew: true }),
      ...NAMES.map((who) => () => all.turn(two, who, 5)),
    ]);
    await all.clock.runUntilSettled(Promise.all([long, ...others]));
    expect(all.served).toEqual(["long", ...NAMES]);
  });

  test("tryAcquire, ifAvailable and wait: 0 do not stand in line, and get nothing before those who do", async () => {
    const all = await line(way);
    const [holder, waiter, other] = [all.process(), all.process(), all.process()];
    const held = await holder.locks.acquire("x", { ttl: "2s" });
    const waiting = waiter.locks.acquire("x");
    await all.clock.advance(1);
    const standing = all.standing();
    expect(standing).toHaveLength(1);
    expect(await other.locks.tryAcquire("x")).toBe(null);
    expect(await other.locks.request("x", { ifAvailable: true }, (lease) => lease)).toBe(null);
    await expect(other.locks.acquire("x", { wait: 0 })).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(all.standing()).toEqual(standing);
    expect(other.network.calls.map(({ command }) => command)).toEqual(["join", "join", "join"]);

    // Free, because it expired, and nobody has noticed yet.
    all.clock.block(2001);
    expect(all.lock()).toBe(undefined);
    waiter.network.treat = () => ({ arrives: 100 });
    expect(await other.locks.tryAcquire("x")).toBe(null);
    const next = await all.clock.runUntilSettled(waiting);
    expect(next.token).toBe(standing[0]);
    waiter.network.treat = () => undefined;
    expect(await held.verify()).toBe(false);
    await next.release();
    await (await other.locks.tryAcquire("x"))?.release();
    await all.nothingLeft();
  });

  test("a fair caller and an unfair one exclude each other", async () => {
    const all = await line(way);
    const [fair, unfair] = [all.process(), all.process({ fair: false })];
    const first = await unfair.locks.acquire("x");
    expect(await fair.locks.tryAcquire("x")).toBe(null);
    const waiting = fair.locks.acquire("x");
    await all.clock.advance(10);
    expect(await first.release()).toBe(true);
    const second = await all.clock.runUntilSettled(waiting);
    expect(second.fence).toBeGreaterThan(first.fence);
    expect(await unfair.locks.tryAcquire("x")).toBe(null);
    expect(await unfair.locks.tryAcquire("x", { fence: false })).toBe(null);

    const barging = unfair.locks.acquire("x");
    const [handed] = await inOrder(all.clock, [() => fair.locks.acquire("x")]);
    await second.release();
    // Handed over and not yet confirmed, it is nobody else's.
    expect(await unfair.locks.tryAcquire("x")).toBe(null);
    const third = await all.clock.runUntilSettled(handed as never);
    expect(await unfair.locks.tryAcquire("x")).toBe(null);
    await (third as typeof second).release();
    await (await all.clock.runUntilSettled(barging)).release();
    await all.nothingLeft();
  });

  test("without fences", async () => {
    const all = await line(way, { fence: false, renew: true });
    const [one, two] = [all.process(), all.process()];
    const turns = await inOrder(
      all.clock,
      NAMES.map((who, index) => () => all.turn(index % 2 ? one : two, who)),
    );
    const last = one.locks.acquire("x");
    await all.clock.runUntilSettled(Promise.all(turns));
    const lease = await all.clock.runUntilSettled(last);
    expect(() => lease.fence).toThrow("no fence");
    expect(await lease.release()).toBe(true);
    expect(all.served).toEqual(NAMES);
    await all.nothingLeft();
  });

  test("fences grow from grant to grant", async () => {
    const all = await line(way, { renew: true });
    const fences: number[] = [];
    const one = all.process();
    const calls = NAMES.map(() => () => one.locks.request("x", ({ fence }) => void fences.push(fence)));
    await all.clock.runUntilSettled(Promise.all(await inOrder(all.clock, calls)));
    expect(fences).toHaveLength(NAMES.length);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
  });

  test("names do not wait for one another", async () => {
    const all = await line(way);
    const one = all.process();
    await one.locks.acquire("x");
    const waiting = one.locks.acquire("x");
    await all.clock.advance(1);
    await (await one.locks.acquire("y")).release();
    expect(all.standing()).toHaveLength(1);
    await one.locks.close();
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
  });
});

test("a waiter who was told holds the lock at once, and sends nothing for that", async () => {
  for (const way of ["listening", "listening together"] as const) {
    const all = await line(way, { renew: true });
    const [one, two] = [all.process(), all.process()];
    const turns = await inOrder(
      all.clock,
      NAMES.map((who, index) => () => all.turn(index % 2 ? one : two, who, 5)),
    );
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(8 * 5);
    const sent = [one, two].flatMap(({ network }) => network.calls);
    // Who listens alone asks once more when that has begun; together they do that once.
    const most = way === "listening" ? 2 * NAMES.length : NAMES.length + 3;
    expect(sent.filter(({ command }) => command === "join").length).toBeLessThanOrEqual(most);
    expect(sent.filter(({ command }) => command === "pass")).toHaveLength(NAMES.length);
  }
});

test("nothing is published where nobody listens", async () => {
  const all = await line("polling");
  const bystander = all.process({}, "listening together");
  const turns = await inOrder(
    all.clock,
    NAMES.map((who) => () => all.turn(all.process(), who)),
  );
  await all.clock.runUntilSettled(Promise.all(turns));
  expect(bystander.messages).toEqual([]);
});
