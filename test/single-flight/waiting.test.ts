import { expect, test, vi } from "vitest";
import { singleFlight } from "../../src/single-flight.ts";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";
import { sleep } from "./support.ts";

const KEEP = { keep: "1m" } as const;

/** A flight of somebody else, that takes so long. */
function elsewhere({ clock, rival }: ReturnType<typeof bench>, ms: number): Promise<string> {
  return singleFlight(rival, "x", KEEP, async () => {
    await sleep(clock, ms);
    return "theirs";
  });
}

test("wait bounds it: TIMEOUT, and nothing is computed or left", async () => {
  const world = bench();
  const { clock, locks, network } = world;
  const theirs = elsewhere(world, 20_000);
  await clock.advance(0);
  const compute = vi.fn();
  const error = await clock.runUntilSettled(rejection(singleFlight(locks, "x", { ...KEEP, wait: "3s" }, compute)));
  expect(error).toMatchObject({ code: "TIMEOUT", lockName: "x", waited: expect.any(Number) });
  expect((error as { waited: number }).waited).toBeLessThanOrEqual(3000);
  expect(compute).not.toHaveBeenCalled();
  await clock.runUntilSettled(theirs);
  expect(network.sent("release")).toBe(1);
});

test("a signal abandons the wait, with its reason, and the clean-up goes to waitUntil", async () => {
  const world = bench();
  const { clock, locks } = world;
  void elsewhere(world, 20_000);
  await clock.advance(0);
  const controller = new AbortController();
  const waitUntil = vi.fn();
  const call = rejection(singleFlight(locks, "x", { ...KEEP, signal: controller.signal, waitUntil }, vi.fn()));
  await clock.advance(500);
  controller.abort("enough");
  expect(await call).toBe("enough");
  expect(waitUntil).toHaveBeenCalledTimes(1);
  await clock.runUntilSettled(waitUntil.mock.calls[0]?.[0]);
});

test("one that is aborted already sends nothing", async () => {
  const { locks, network } = bench();
  const signal = AbortSignal.abort("before");
  expect(await rejection(singleFlight(locks, "x", { ...KEEP, signal }, vi.fn()))).toBe("before");
  expect(network.calls).toEqual([]);
});

test("it polls as a wait for the lock does: the same pauses, the same number of requests", async () => {
  const sent: number[][] = [];
  for (const waiting of ["acquire", "singleFlight"] as const) {
    const world = bench();
    const { clock, locks, network } = world;
    await world.rival.acquire("x", { ttl: "1h" });
    const call =
      waiting === "acquire" ? locks.acquire("x") : singleFlight(locks, "x", { ...KEEP, keep: "1h" }, () => 1);
    await clock.runUntilSettled(rejection(call));
    sent.push(network.calls.filter(({ command }) => command !== "release").map(({ at }) => at));
  }
  expect(sent[0]?.length).toBeGreaterThan(10);
  expect(sent[1]).toEqual(sent[0]);
});

test("maxAttempts bounds its requests", async () => {
  const world = bench();
  await world.rival.acquire("x");
  const call = singleFlight(world.locks, "x", { ...KEEP, maxAttempts: 3 }, () => 1);
  expect(await world.clock.runUntilSettled(rejection(call))).toMatchObject({ code: "TIMEOUT", attempts: 3 });
  expect(world.network.sent("fly")).toBe(3);
});

test("an outage is an outage", async () => {
  const { clock, locks, network } = bench();
  network.treat = () => BLACK_HOLE;
  expect(await clock.runUntilSettled(rejection(singleFlight(locks, "x", KEEP, vi.fn())))).toMatchObject({
    code: "BACKEND",
  });
});

test("close ends the wait", async () => {
  const world = bench();
  const { clock, locks } = world;
  void elsewhere(world, 20_000);
  await clock.advance(0);
  const waiting = rejection(singleFlight(locks, "x", KEEP, vi.fn()));
  await clock.advance(500);
  const closing = locks.close();
  expect(await clock.runUntilSettled(waiting)).toMatchObject({ code: "CLOSED" });
  await clock.runUntilSettled(closing);
  expect(await rejection(singleFlight(locks, "x", KEEP, vi.fn()))).toMatchObject({ code: "CLOSED" });
});

test("events: who computes has acquired the lock, who is served has only waited", async () => {
  const world = bench();
  const { clock, locks, events } = world;
  const theirs = elsewhere(world, 1000);
  await clock.advance(0);
  const mine = singleFlight(locks, "x", KEEP, vi.fn());
  expect(await clock.runUntilSettled(mine)).toBe("theirs");
  expect(events.map(({ type }) => type)).toEqual(["waiting"]);
  await theirs;
  await singleFlight(locks, "y", KEEP, () => 1);
  expect(events.map(({ type }) => type)).toEqual(["waiting", "acquired", "released"]);
});

test("served after one request where the result is there, two for who computes", async () => {
  const { locks, network } = bench();
  await singleFlight(locks, "x", KEEP, () => 1);
  expect(network.calls.map(({ command }) => command)).toEqual(["fly", "land"]);
  await singleFlight(locks, "x", KEEP, () => 1);
  expect(network.calls.map(({ command }) => command)).toEqual(["fly", "land", "fly"]);
});
