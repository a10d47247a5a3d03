import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { bench, lockKeys, rejection } from "../support/bench.ts";
import { LOST_REPLY } from "../support/wire.ts";

const REASON = { why: "the user left" };

test("an already aborted signal sends nothing, and its reason is what every method rejects with", async () => {
  const { clock, locks, network } = bench();
  const signal = AbortSignal.abort(REASON);
  expect(await rejection(locks.acquire("x", { signal }))).toBe(REASON);
  expect(await rejection(locks.tryAcquire("x", { signal }))).toBe(REASON);
  expect(await rejection(locks.request("x", { signal }, () => "never"))).toBe(REASON);
  expect(await rejection(locks.request("x", { signal, ifAvailable: true }, () => "never"))).toBe(REASON);
  expect(network.calls).toEqual([]);
  expect(clock.pending.count).toBe(0);
});

test("abort without a reason rejects with the platform's AbortError", async () => {
  const { locks } = bench();
  expect(await rejection(locks.acquire("x", { signal: AbortSignal.abort() }))).toMatchObject({ name: "AbortError" });
});

test("abort while sleeping ends the wait at once; the token is given back, nothing is left", async () => {
  const { clock, locks, rival, network, store } = bench();
  const lease = await rival.acquire("x");
  const controller = new AbortController();
  const waiting = rejection(locks.acquire("x", { signal: controller.signal, retry: () => 5000 }));
  await clock.advance(1000);
  const at = clock.monotonic();
  controller.abort(REASON);
  expect(await waiting).toBe(REASON);
  expect(clock.monotonic()).toBe(at);
  await clock.advance(0);
  expect(network.calls.map(({ command }) => command)).toEqual(["acquire", "release"]);
  expect(network.calls[1]?.token).toBe(network.calls[0]?.token);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  expect(clock.pending).toEqual({ count: 1, referenced: 0, unreferenced: 1 });

  await lease.release();
  await clock.advance(60_000);
  expect(lockKeys(store)).toEqual([]);
  expect(clock.pending.count).toBe(0);
});

test.each([
  ["executed, its answer on the way", { answers: 1000 }],
  ["executed, its answer lost", LOST_REPLY],
  ["still on its way to the server", { arrives: 1000 }],
])("abort during a request that is %s", async (_, treatment) => {
  const promises: Promise<unknown>[] = [];
  const { clock, locks, network, store } = bench({ waitUntil: (promise) => void promises.push(promise) });
  network.treat = ({ command }) => (command === "acquire" ? treatment : undefined);
  const controller = new AbortController();
  const waiting = rejection(locks.acquire("x", { signal: controller.signal }));
  await clock.advance(500);
  const at = clock.monotonic();
  controller.abort(REASON);
  expect(await waiting).toBe(REASON);
  expect(clock.monotonic()).toBe(at);
  expect(promises).toHaveLength(1);
  await clock.advance(30_000);
  expect(network.calls.map(({ command }) => command)).toEqual(["acquire", "release"]);
  expect(lockKeys(store)).toEqual([]);
  expect(clock.pending.count).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("abort while a busy answer is on its way", async () => {
  const { clock, locks, rival, network } = bench();
  await rival.acquire("x");
  network.treat = () => ({ answers: 200 });
  const controller = new AbortController();
  const waiting = rejection(locks.tryAcquire("x", { signal: controller.signal }));
  await clock.advance(100);
  controller.abort(REASON);
  expect(await waiting).toBe(REASON);
});

test("after the grant the signal has no effect, and no listener stays on it", async () => {
  const { clock, locks } = bench();
  const controller = new AbortController();
  const lease = await locks.acquire("x", { signal: controller.signal });
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  controller.abort(REASON);
  await clock.advance(1000);
  expect([lease.held, lease.signal.aborted]).toEqual([true, false]);
  expect(await locks.request("y", { signal: new AbortController().signal }, () => "done")).toBe("done");
});

test("a thousand waits on one signal leave no listener", async () => {
  const { clock, locks, rival } = bench();
  await rival.acquire("x");
  const { signal } = new AbortController();
  const waits = Array.from({ length: 1000 }, () => rejection(locks.acquire("x", { signal, maxAttempts: 2 })));
  await clock.runUntilSettled(Promise.all(waits));
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("AbortSignal.timeout's reason passes through as it is", async () => {
  const { clock, locks, rival } = bench();
  await rival.acquire("x");
  const controller = new AbortController();
  const reason = new DOMException("The operation timed out.", "TimeoutError");
  clock.timer(2000, () => controller.abort(reason)).unref();
  expect(await clock.runUntilSettled(rejection(locks.acquire("x", { signal: controller.signal })))).toBe(reason);
});
