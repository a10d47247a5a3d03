import { expect, test, vi } from "vitest";
import { command } from "../../adapters/command.ts";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { SingleFlightError, singleFlight } from "../../src/single-flight.ts";
import { read } from "../docs/markdown.ts";
import { bench, rejection } from "../support/bench.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { BLACK_HOLE } from "../support/wire.ts";
import { fleet, resultOf, sleep } from "./support.ts";

const KEEP = { keep: "1m" } as const;

test("a plain request neither looks for a result nor leaves one, nor takes one away", async () => {
  const { locks, store } = bench();
  expect(await locks.request("x", () => "mine")).toBe("mine");
  expect(resultOf(store, "x")).toBeUndefined();
  expect(await singleFlight(locks, "x", KEEP, () => "kept")).toBe("kept");
  expect(await locks.request("x", () => "mine")).toBe("mine");
  expect(await singleFlight(locks, "x", KEEP, () => "again")).toBe("kept");
});

test("who computes and dies blocks the name for its ttl, and the next waiter computes", async () => {
  const { clock, store } = bench();
  const [dead, next] = fleet(2, store, clock) as [never, never];
  const began = clock.monotonic();
  void singleFlight(dead, "x", { ...KEEP, ttl: "5s", renew: false }, () => new Promise(() => {})).catch(() => {});
  await clock.advance(0);
  const later = singleFlight(next, "x", { ...KEEP, wait: "1m" }, () => clock.monotonic() - began);
  const after = await clock.runUntilSettled(later);
  expect(after).toBeGreaterThanOrEqual(5000);
  expect(after).toBeLessThan(6500);
});

test("a result that Redis lost is computed again", async () => {
  const clock = virtualClock();
  let store = memory({ clock });
  const redis: Transport = {
    set: (...args) => store.set(...args),
    eval: (...args) => store.eval(...args),
  };
  const locks = createLocks(redis, { clock });
  const compute = vi.fn(() => "made");
  await singleFlight(locks, "x", KEEP, compute);
  await singleFlight(locks, "x", KEEP, compute);
  expect(compute).toHaveBeenCalledTimes(1);
  store = memory({ clock });
  expect(await singleFlight(locks, "x", KEEP, compute)).toBe("made");
  expect(compute).toHaveBeenCalledTimes(2);
});

test.each(["away", "refusing"])("nothing is computed without the lock: Redis is %s", async (how) => {
  const { clock, locks, network } = bench();
  network.treat = () => (how === "away" ? BLACK_HOLE : { refuses: new Error("NOAUTH") });
  const compute = vi.fn();
  for (const share of [true, false]) {
    const flight = singleFlight(locks, "x", { ...KEEP, share }, compute);
    expect(await clock.runUntilSettled(rejection(flight))).toMatchObject({ code: "BACKEND" });
  }
  expect(compute).not.toHaveBeenCalled();
});

test('onFailure: "fail": nobody pauses for longer than a second, so that nobody misses the failure', async () => {
  const { clock, store } = bench();
  const [one, ...others] = fleet(4, store, clock) as [never, never, never, never];
  const options = {
    keep: "1h",
    onFailure: "fail",
    wait: "1m",
    retry: { min: 20_000, max: 20_000, jitter: 0 },
  } as const;
  const compute = vi.fn(() => sleep(clock, 1500).then(() => Promise.reject(new Error("broken"))));
  const first = rejection(singleFlight(one, "x", options, compute));
  await clock.advance(10);
  const began = clock.monotonic();
  const told = others.map((locks) => rejection(singleFlight(locks, "x", options, compute)));
  expect(await clock.runUntilSettled(Promise.all(told))).toEqual(Array(3).fill(expect.any(SingleFlightError)));
  expect(clock.monotonic() - began).toBeLessThanOrEqual(3000);
  await first;
  expect(compute).toHaveBeenCalledTimes(1);
});

test.each<[string, (args: readonly unknown[]) => string]>([
  ["@upstash/redis", (args) => `NOAUTH, command was: ${JSON.stringify(["eval", ...args])}`],
  ["a client of your own", (args) => `NOAUTH: ${args.join(" ")}`],
  ["one that quotes", (args) => `NOAUTH: ${JSON.stringify(args)}`],
])("events never carry a result, whatever becomes of it and whatever %s says of a command", async (_, says) => {
  const { clock, locks, network, events } = bench();
  await singleFlight(locks, "x", KEEP, () => "hush");
  await singleFlight(locks, "x", KEEP, () => "other");
  network.treat = ({ command: sent, args }) => (sent === "land" ? { refuses: new Error(says(args)) } : undefined);
  await clock.runUntilSettled(singleFlight(locks, "y", KEEP, () => "hush"));
  expect(events.map(({ type, during }) => during ?? type)).toEqual(["acquired", "released", "acquired", "release"]);
  const shown = JSON.stringify(events.map((event) => [event, event.error?.message, event.error?.stack]));
  expect(shown).toContain("NOAUTH");
  expect(shown).not.toContain("hush");
});

test("nothing is shared by default over command either", () => {
  expect(command(async () => "OK").sharesProcess).toBeUndefined();
});

test("over a quorum a grant takes two round trips more than a lock's, and a result that is there takes one", async () => {
  const TRIP = 10;
  const clock = virtualClock();
  const slow = (): Transport => {
    const store = memory({ clock });
    return {
      set: (...args) => sleep(clock, TRIP).then(() => store.set(...args)),
      eval: (...args) => sleep(clock, TRIP).then(() => store.eval(...args)),
    };
  };
  const locks = createLocks(quorum([slow(), slow(), slow()]), { clock });
  const trips = async (ask: (done: () => number) => Promise<number>) => {
    const began = clock.monotonic();
    return (await clock.runUntilSettled(ask(() => clock.monotonic() - began))) / TRIP;
  };
  const lock = await trips((done) => locks.acquire("a").then(done));
  const more = (await trips((done) => singleFlight(locks, "x", KEEP, done))) - lock;
  const served = await trips((done) => singleFlight(locks, "x", KEEP, () => 0).then(done));
  expect([more, served]).toEqual([2, 1]);
  expect(read("docs/single-flight.md")).toContain(
    "A grant takes two round trips more than a lock's, to look; a result that is there takes one.",
  );
});
