import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { type Clock, createLocks, type Timer } from "../../src/index.ts";
import { bench, rejection } from "../support/bench.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { BLACK_HOLE } from "../support/wire.ts";

test("the timers of a lease let the process end: deadline and renewal are unreferenced", async () => {
  const { clock, locks } = bench();
  const plain = await locks.acquire("x");
  expect(clock.pending).toEqual({ count: 1, referenced: 0, unreferenced: 1 });
  await plain.release();
  expect(clock.pending.count).toBe(0);

  const renewed = await locks.acquire("x", { renew: true });
  expect(clock.pending).toEqual({ count: 2, referenced: 0, unreferenced: 2 });
  await clock.advance(100_000);
  expect(clock.pending).toEqual({ count: 2, referenced: 0, unreferenced: 2 });
  await renewed.release();
  expect(clock.pending.count).toBe(0);
});

test("so is the limit on a renewal that is in flight", async () => {
  const { clock, locks, network } = bench();
  network.treat = ({ command }) => (command === "extend" ? BLACK_HOLE : undefined);
  await locks.acquire("x", { renew: true });
  await clock.advance(11_000);
  expect(clock.pending.referenced).toBe(0);
  expect(clock.pending.unreferenced).toBeGreaterThan(0);
});

test("a wait's sleep and its command in flight keep the process alive", async () => {
  const { clock, locks, rival, network } = bench();
  await rival.acquire("x");
  const waiting = locks.acquire("x", { retry: () => 1000 });
  await clock.advance(500);
  expect(clock.pending).toEqual({ count: 2, referenced: 1, unreferenced: 1 });
  network.treat = () => BLACK_HOLE;
  await clock.advance(1000);
  expect(clock.pending.referenced).toBe(1);
  network.treat = () => undefined;
  await clock.runUntilSettled(rejection(waiting));
  await clock.advance(0);
  expect(clock.pending.referenced).toBe(0);
});

test("a release that the caller waits for keeps the process alive, a clean-up in the background does not", async () => {
  const { clock, locks, network } = bench();
  const lease = await locks.acquire("x");
  network.treat = () => BLACK_HOLE;
  const released = rejection(lease.release());
  await clock.advance(0);
  expect(clock.pending.referenced).toBe(1);
  await clock.runUntilSettled(released);
  expect(clock.pending.count).toBe(0);

  expect(await clock.runUntilSettled(rejection(locks.tryAcquire("y")))).toMatchObject({ code: "BACKEND" });
  await clock.advance(0);
  expect(clock.pending).toEqual({ count: 1, referenced: 0, unreferenced: 1 });
});

test("importing and configuring starts no timer and sends nothing", () => {
  const { clock, locks, network } = bench();
  locks.withOptions({ ttl: "5s" });
  locks.wrap(() => {}, { name: "x" });
  locks.restore({ name: "x", token: `t${"a".repeat(22)}` });
  locks.list();
  expect([clock.pending.count, network.calls.length]).toEqual([0, 0]);
});

test("a clock may be a class with private fields", async () => {
  class Delegate implements Clock {
    readonly #clock = virtualClock();
    now = () => this.#clock.now();
    monotonic(): number {
      return this.#clock.monotonic();
    }
    timer(ms: number, callback: () => void): Timer {
      return this.#clock.timer(ms, callback);
    }
    random(): number {
      return this.#clock.random();
    }
    randomBytes(length: number): Uint8Array {
      return this.#clock.randomBytes(length);
    }
    settled<T>(promise: Promise<T>): Promise<T> {
      return this.#clock.runUntilSettled(promise);
    }
  }
  const clock = new Delegate();
  const locks = createLocks(memory({ clock }), { clock });
  await locks.acquire("x", { renew: true, ttl: "1h" });
  const error = await clock.settled(rejection(locks.acquire("x", { wait: "1s" })));
  expect(error).toMatchObject({ code: "TIMEOUT" });
  await clock.settled(locks.close());
});
