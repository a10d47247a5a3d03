import { describe, expect, test } from "vitest";
import { inOrder, line, WAYS } from "../support/line.ts";

/** A lease that was handed over, and that its holder has not confirmed yet; nor can it until it is told. */
async function handedOver(way: "listening" | "listening together" = "listening", options: object = {}) {
  const all = await line(way, { renew: true, ...options });
  const holder = await all.process().locks.acquire("x", { ttl: "1m", owner: "first" });
  const waiter = all.process();
  const [wait] = await inOrder(all.clock, [() => waiter.locks.acquire("x", { owner: "second 2" })]);
  await all.clock.advance(500);
  await holder.release();
  const lease = await (wait as ReturnType<typeof waiter.locks.acquire>);
  expect(all.lock()?.value).toBe(`?${lease.token}`);
  return { all, waiter, lease };
}

describe("a lease that was handed over and not yet confirmed", () => {
  test("is shown by query and list, with its label, its fence and the time left", async () => {
    const { all, lease } = await handedOver();
    const { locks } = all.process();
    const { holders, held, kept, remaining } = await locks.query("x");
    expect({ held, kept }).toEqual({ held: true, kept: false });
    expect(holders).toEqual([{ owner: "second 2", fence: lease.fence, remaining }]);
    expect(remaining).toBe(all.lock()?.pttl);
    const listed = [];
    for await (const each of locks.list()) listed.push(each.name);
    expect(listed).toEqual(["x"]);
  });

  test("is named by the error of who waited for it in vain", async () => {
    const { all } = await handedOver();
    for (const options of [{}, { fair: false }]) {
      const wait = all.process(options).locks.acquire("x", { wait: "100ms" });
      await expect(all.clock.runUntilSettled(wait)).rejects.toMatchObject({ code: "TIMEOUT", holder: "second 2" });
    }
  });

  test("ends when somebody takes it by force: reason taken", async () => {
    const { all, lease } = await handedOver();
    const { signal } = lease;
    expect(await all.process().locks.forceRelease("x")).toBe(true);
    expect(all.lock()).toBe(undefined);
    await all.clock.advance(3000);
    expect(signal.reason).toMatchObject({ code: "LOST", reason: "taken" });
    expect(await lease.release()).toBe(false);
  });

  test("taken by force it goes to the next in line", async () => {
    const { all, lease } = await handedOver();
    const next = all.process().locks.acquire("x");
    await all.clock.advance(1);
    const [token] = all.standing();
    expect(await all.process({ fair: false }).locks.forceRelease("x")).toBe(true);
    expect((await all.clock.runUntilSettled(next)).token).toBe(token);
    expect(await lease.verify()).toBe(false);
  });

  test("is confirmed by verify, extend, and a lease that was restored elsewhere", async () => {
    for (const how of ["verify", "extend", "restore"] as const) {
      const { all, lease } = await handedOver();
      if (how === "verify") expect(await lease.verify()).toBe(true);
      else if (how === "extend") await lease.extend("1m");
      else {
        const elsewhere = all.process({ fair: false }).locks.restore(lease.handOver(), { renew: true });
        expect(elsewhere.remaining()).toBe(0);
        expect(await elsewhere.verify()).toBe(true);
        expect(elsewhere.remaining()).toBeLessThanOrEqual(all.lock()?.pttl ?? 0);
        await all.clock.advance(60_000);
        expect(elsewhere.held).toBe(true);
      }
      expect(all.lock()?.value).toBe(lease.token);
    }
  });

  test("is handed on when it is released, by whatever has it", async () => {
    for (const restored of [false, true]) {
      const { all, lease } = await handedOver();
      const next = all.process().locks.acquire("x");
      await all.clock.advance(1);
      const [token] = all.standing();
      const its = restored
        ? all.process({ fair: false }).locks.restore(JSON.parse(JSON.stringify(lease.handOver())))
        : lease;
      expect(await its.release()).toBe(true);
      expect(all.lock()?.value).toBe(`?${token}`);
      expect((await next).token).toBe(token);
    }
  });
});

describe.each(WAYS)("%s", (way) => {
  test("minHold hands nothing over, and the order stays", async () => {
    const all = await line(way, { minHold: "2s", ttl: "3s" });
    const processes = [all.process(), all.process(), all.process()];
    const began = all.clock.monotonic();
    const turns = await inOrder(
      all.clock,
      processes.map((each, index) => () => all.turn(each, `${index}`, 5)),
    );
    await all.clock.advance(500);
    expect(all.lock()?.value).toMatch(/^\./);
    expect(await processes[0]?.locks.query("x")).toMatchObject({ held: false, kept: true });
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.served).toEqual(["0", "1", "2"]);
    expect(all.clock.monotonic() - began).toBeGreaterThanOrEqual(4000);
    await all.clock.advance(3000);
    await all.nothingLeft();
  });

  test("a key that was deleted is had by the first in line, within a poll", async () => {
    const all = await line(way);
    const holder = await all.process().locks.acquire("x", { ttl: "1h" });
    const turns = await inOrder(
      all.clock,
      [..."abc"].map((who) => () => all.turn(all.process(), who)),
    );
    await all.clock.advance(3000);
    await all
      .process({ fair: false, fence: false })
      .locks.restore({ name: "x", token: holder.token, fair: false })
      .release();
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(turns[0] as never);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(1000 + 20);
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.served).toEqual([..."abc"]);
  });

  test("closing releases what is held to the next in line, and ends every wait and every timer", async () => {
    const all = await line(way, { renew: true });
    const [one, two] = [all.process(), all.process()];
    const lease = await one.locks.acquire("x", { ttl: "1h" });
    const [own, other] = await inOrder(all.clock, [() => one.locks.acquire("x"), () => two.locks.acquire("x")]);
    await all.clock.advance(1500);
    const closed = one.locks.close();
    await expect(own).rejects.toMatchObject({ code: "CLOSED" });
    await all.clock.runUntilSettled(closed);
    expect(lease.held).toBe(false);
    const next = await all.clock.runUntilSettled(other as never);
    expect(next).toMatchObject({ held: true });
    await expect(one.locks.acquire("x")).rejects.toMatchObject({ code: "CLOSED" });
    await all.clock.runUntilSettled(two.locks.close());
    await all.nothingLeft();
    expect(all.clock.pending.count).toBe(0);
  });

  test("a retry function that throws ends the wait, and leaves the line", async () => {
    const all = await line(way);
    await all.process().locks.acquire("x", { ttl: "1h" });
    const mistake = new Error("in the caller's code");
    const retry = () => {
      throw mistake;
    };
    const wait = all.process().locks.acquire("x", { retry });
    await expect(all.clock.runUntilSettled(wait)).rejects.toBe(mistake);
    await all.clock.advance(100);
    expect(all.standing()).toEqual([]);
  });
});
