import { expect, test, vi } from "vitest";
import { isLockError, type Locks } from "../../src/index.ts";
import { SingleFlightError, singleFlight } from "../../src/single-flight.ts";
import { bench, rejection } from "../support/bench.ts";
import { fleet, resultOf, settle, sleep } from "./support.ts";

const BROKEN = new Error("the source is down");

/** Fails the first times that it is called. */
function failing(clock: Parameters<typeof sleep>[0], times: number) {
  let count = 0;
  return vi.fn(async () => {
    const mine = ++count;
    await sleep(clock, 500);
    if (mine <= times) throw BROKEN;
    return mine;
  });
}

test("a failed computation is its caller's error, untouched, and is not kept: the next in turn computes", async () => {
  const { clock, store } = bench();
  const compute = failing(clock, 2);
  const calls = fleet(6, store, clock).map((locks) => singleFlight(locks, "x", { keep: "1m" }, compute));
  const ends = await settle(clock, calls);
  expect(compute).toHaveBeenCalledTimes(3);
  const failed = ends.filter((end) => end.status === "rejected");
  expect(failed.map(({ reason }) => reason === BROKEN)).toEqual([true, true]);
  expect(ends.filter((end) => end.status === "fulfilled").map(({ value }) => value)).toEqual([3, 3, 3, 3]);
});

test('onFailure: "fail": those who waited fail with it, without computing', async () => {
  const { clock, store } = bench();
  const compute = failing(clock, 1);
  const options = { keep: "1m", onFailure: "fail" } as const;
  const calls = fleet(6, store, clock).map((locks) => singleFlight(locks, "x", options, compute));
  const ends = await settle(clock, calls);
  expect(compute).toHaveBeenCalledTimes(1);
  const reasons = ends.map((end) => (end.status === "rejected" ? end.reason : undefined));
  expect(reasons.filter((reason) => reason === BROKEN)).toHaveLength(1);
  const told = reasons.filter((reason) => reason instanceof SingleFlightError);
  expect(told).toHaveLength(5);
  expect(told[0]).toMatchObject({ name: "SingleFlightError", code: "FAILED", lockName: "x" });
  expect(isLockError(told[0])).toBe(false);
  expect(resultOf(store, "x")?.value).toMatch(/^\d{16} !$/);
});

test("and a failure is for those who waited: who comes later computes, and what is left of the failure goes", async () => {
  const { clock, store } = bench();
  const [one, two, three] = fleet(3, store, clock) as [never, never, never];
  const compute = failing(clock, 1);
  const flight = (locks: never) => singleFlight(locks, "x", { keep: "1m", onFailure: "fail" }, compute);
  expect(await clock.runUntilSettled(rejection(flight(one)))).toBe(BROKEN);
  const ends = await settle(clock, [flight(two), flight(three)]);
  expect(ends).toEqual([
    { status: "fulfilled", value: 2 },
    { status: "fulfilled", value: 2 },
  ]);
});

test.each(["kept", "taken"])("nor for who comes later and finds the name %s", async (how) => {
  const { clock, store } = bench();
  const [one, two, three, four] = fleet(4, store, clock) as [Locks, Locks, Locks, Locks];
  const compute = failing(clock, 1);
  const options = { keep: "1m", onFailure: "fail", minHold: how === "kept" ? "3s" : 0 } as const;
  const flight = (locks: Locks) => singleFlight(locks, "x", options, compute);
  const first = rejection(flight(one));
  await clock.advance(100);
  const waited = rejection(flight(two));
  await clock.advance(400);
  if (how === "taken") void four.acquire("x", { ttl: "3s" });
  await clock.advance(500);
  const later = flight(three);
  expect(await clock.runUntilSettled(Promise.all([first, waited, later]))).toEqual([
    BROKEN,
    expect.any(SingleFlightError),
    2,
  ]);
});

test("a failure leaves nothing for long", async () => {
  const { clock, store } = bench();
  const [locks] = fleet(1, store, clock) as [never];
  const flight = singleFlight(locks, "x", { keep: "1m", onFailure: "fail" }, failing(clock, 1));
  await clock.runUntilSettled(rejection(flight));
  await clock.advance(5001);
  expect(resultOf(store, "x")).toBeUndefined();
});

test("what computing throws at once is its error too", async () => {
  const { locks, store } = bench();
  const thrown = singleFlight(locks, "x", { keep: "1m" }, () => {
    throw BROKEN;
  });
  expect(await rejection(thrown)).toBe(BROKEN);
  expect(store.entries().map(({ key }) => key)).toEqual(["fence.7t5:lock:x"]);
});

test.each([
  [{ keep: 30 }, /keep is 30: expected "30s" or "30ms"/],
  [{ keep: -1 }, /keep is -1/],
  [{ keep: "31 days" }, /keep is "31 days"/],
  [{ keep: "721h" }, /keep is "721h"/],
  [{}, /keep is undefined/],
  [undefined, /keep is undefined/],
  [{ keep: "1m", encode: 1 }, /encode is 1: expected a function/],
  [{ keep: "1m", decode: 1 }, /decode is 1: expected a function/],
  [{ keep: "1m", onFailure: "throw" }, /onFailure is "throw": expected "retry" or "fail"/],
  [{ keep: "1m", share: 1 }, /share is 1: expected a boolean/],
  [{ keep: "1m", keeps: 1 }, /A name in options is "keeps".*keep, encode/],
  [{ keep: "1m", fence: false }, /always has a fence/],
  [{ keep: "1m", fair: true }, /stands in no line/],
  [{ keep: "1m", ttl: 30 }, /ttl is 30/],
])("options that cannot be right are refused: %j", async (options, message) => {
  const { locks, network } = bench();
  const call = singleFlight(locks, "x", options as never, () => 1);
  expect(await rejection(call)).toMatchObject({ code: "OPTIONS", message: expect.stringMatching(message) });
  expect(network.calls).toEqual([]);
});

test("a name, a computation or locks that cannot be right are refused", async () => {
  const { locks } = bench();
  const code = "OPTIONS";
  expect(await rejection(singleFlight(locks, "", { keep: "1m" }, () => 1))).toMatchObject({ code });
  expect(await rejection(singleFlight(locks, "x", { keep: "1m" }, 1 as never))).toMatchObject({ code });
  for (const other of [undefined, {}, { request() {} }]) {
    const call = singleFlight(other as never, "x", { keep: "1m" }, () => 1);
    expect(await rejection(call)).toMatchObject({
      code,
      message: expect.stringContaining("the same copy of holdfast"),
    });
  }
});
