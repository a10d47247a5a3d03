import { expect, test, vi } from "vitest";
import { createLocks, type Lease, type Locks } from "../../src/index.ts";
import { RELEASE } from "../../src/scripts.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";
import { fleet, resultOf, settle, sleep } from "./support.ts";

const KEEP = { keep: "1m" } as const;

test("a lease that ended while it computed leaves nothing: LOST, with the result, and the next one computes", async () => {
  const { clock, locks, store, network } = bench();
  const flight = singleFlight(locks, "x", { ...KEEP, ttl: "2s", renew: false }, () => {
    clock.block(2500);
    return "too late";
  });
  expect(await rejection(flight)).toMatchObject({ code: "LOST", reason: "expired", result: "too late" });
  expect(network.sent("land")).toBe(0);
  expect(resultOf(store, "x")).toBeUndefined();
  expect(await singleFlight(locks, "x", KEEP, () => "in time")).toBe("in time");
});

test("nor does one that Redis gave to somebody else, which this process cannot know", async () => {
  const { locks, rival, store, network } = bench();
  const flight = singleFlight(locks, "x", KEEP, async () => {
    await rival.forceRelease("x");
    return "forced";
  });
  expect(await rejection(flight)).toMatchObject({ code: "LOST", reason: "taken", result: "forced" });
  expect(network.sent("land")).toBe(1);
  expect(resultOf(store, "x")).toBeUndefined();
});

test("nor does one whose key was deleted: like request, it cannot tell that from its own release, and says nothing", async () => {
  const { locks, store } = bench();
  const deleted = singleFlight(locks, "x", KEEP, async ({ token }) => {
    await store.eval(RELEASE, ["lock:x", "some other record"], [token, "0", ""]);
    return "deleted";
  });
  expect(await deleted).toBe("deleted");
  expect(resultOf(store, "x")).toBeUndefined();
});

test("a lease that is closed, or past its maxHold, leaves nothing, although Redis has it still", async () => {
  const { clock, locks, store, network } = bench();
  const options = { ...KEEP, ttl: "2s", maxHold: "4s" } as const;
  const long = singleFlight(locks, "x", options, () => sleep(clock, 4500));
  expect(await clock.runUntilSettled(rejection(long))).toMatchObject({ code: "LOST", reason: "max-hold" });
  const closed = singleFlight(locks, "y", KEEP, () => sleep(clock, 500));
  await clock.advance(100);
  const closing = locks.close();
  expect(await clock.runUntilSettled(rejection(closed))).toMatchObject({ code: "LOST", reason: "closed" });
  await clock.runUntilSettled(closing);
  expect(network.sent("land")).toBe(0);
  expect([resultOf(store, "x"), resultOf(store, "y")]).toEqual([undefined, undefined]);
});

test("a stale computation does not overwrite a later one, whenever its request arrives", async () => {
  const { clock, locks, rival, store, network } = bench();
  // Sent in time, and on its way for longer than the lock lives.
  network.treat = ({ command }) => (command === "land" ? { arrives: 10_000 } : undefined);
  const stale = singleFlight(locks, "x", { ...KEEP, ttl: "2s" }, () => "stale");
  await clock.advance(5000);
  expect(await singleFlight(rival, "x", KEEP, () => "later")).toBe("later");
  const kept = resultOf(store, "x");
  await clock.advance(20_000);
  expect(await clock.runUntilSettled(stale)).toBe("stale");
  expect(resultOf(store, "x")?.value).toBe(kept?.value);
  expect(network.sent("land")).toBeGreaterThan(0);
});

test("nor when the later result is over: an old request brings nothing back, and prolongs nothing", async () => {
  const { clock, locks, store, network } = bench();
  let args: [string, string[], string[]] | undefined;
  const send = network.eval;
  network.eval = (...sent) => {
    args = sent;
    return send(...sent);
  };
  expect(await singleFlight(locks, "x", KEEP, () => "first")).toBe("first");
  await clock.advance(30_000);
  await store.eval(...(args as [string, string[], string[]]));
  expect(resultOf(store, "x")?.pttl).toBe(30_000);
  await clock.advance(30_001);
  await store.eval(...(args as [string, string[], string[]]));
  expect(resultOf(store, "x")).toBeUndefined();
});

test("a result that was left although nobody said so is left once, and its caller has it", async () => {
  const { clock, locks, store, network } = bench();
  network.treat = ({ command, nth }) => (command === "land" && nth === 1 ? LOST_REPLY : undefined);
  const compute = vi.fn(() => "made");
  expect(await clock.runUntilSettled(singleFlight(locks, "x", KEEP, compute))).toBe("made");
  expect(network.sent("land")).toBe(2);
  expect(resultOf(store, "x")?.value).toMatch(/ =made$|="made"$/);
  expect(compute).toHaveBeenCalledTimes(1);
  // It is as old as when it was left, not as when that was asked again.
  expect(resultOf(store, "x")?.pttl).toBeLessThan(60_000);
});

test("a result that Redis could not be given is its caller's all the same", async () => {
  const { clock, locks, events, network } = bench();
  network.treat = ({ command }) => (command === "land" ? BLACK_HOLE : undefined);
  expect(await clock.runUntilSettled(singleFlight(locks, "x", KEEP, () => "made"))).toBe("made");
  expect(events).toContainEqual(expect.objectContaining({ type: "failed", during: "release" }));
});

test("a grant whose reply was lost is recognised, and computed once", async () => {
  const { clock, locks, network } = bench();
  network.treat = ({ command, nth }) => (command === "fly" && nth === 1 ? LOST_REPLY : undefined);
  const compute = vi.fn(() => 1);
  expect(await clock.runUntilSettled(singleFlight(locks, "x", KEEP, compute))).toBe(1);
  expect(compute).toHaveBeenCalledTimes(1);
});

test("a request that went unanswered is cleaned up after another's result has come", async () => {
  const { clock, locks, rival, store, network } = bench();
  network.treat = ({ command, nth }) => (command === "fly" && nth === 1 ? { ...BLACK_HOLE } : undefined);
  const late = singleFlight(locks, "x", { ...KEEP, commandTimeout: "1s" }, () => "mine");
  await singleFlight(rival, "x", KEEP, () => "theirs");
  expect(await clock.runUntilSettled(late)).toBe("theirs");
  await clock.advance(100);
  const { token } = network.calls[0] ?? {};
  expect(network.calls.filter(({ command }) => command === "release").map((call) => call.token)).toEqual([token]);
  expect(store.entries().find(({ key }) => key === "fence.7t5:lock:x")?.value).toContain(`.${token?.slice(0, 23)}`);
});

test("a result is no secret that errors tell: a reply that is no answer is shown without it", async () => {
  const { clock, locks, network, rival } = bench();
  await singleFlight(rival, "x", KEEP, () => "hush");
  network.treat = ({ command }) => (command === "fly" ? { says: ["kept", -1, "not a fence", '="hush"'] } : undefined);
  const error = await clock.runUntilSettled(rejection(singleFlight(locks, "x", { ...KEEP, wait: "1s" }, () => 1)));
  expect(error).toMatchObject({ code: "BACKEND", message: expect.stringContaining("kept") });
  expect(`${(error as Error).message} ${(error as Error).cause}`).not.toContain("hush");
});

test.each(["release", "handOver"] as const)(
  "one that ends its lease by %s: its caller has the result, and who shares the wait; the next one elsewhere computes",
  async (end) => {
    const { clock, store } = bench();
    const [one, two] = fleet(2, store, clock) as [Locks, Locks];
    const compute = vi.fn(async (lease: Lease) => {
      await lease[end]();
      await sleep(clock, 5000);
      return "early";
    });
    const options = { ...KEEP, share: true, ttl: "2s" } as const;
    const flights = [0, 1].map(() => singleFlight(one, "x", options, compute));
    await clock.advance(100);
    const began = clock.monotonic();
    const elsewhere = singleFlight(two, "x", { keep: 0 }, () => clock.monotonic() - began);
    expect(await clock.runUntilSettled(elsewhere)).toBeLessThan(4000);
    expect(await settle(clock, flights)).toEqual(Array(2).fill({ status: "fulfilled", value: "early" }));
    expect(compute).toHaveBeenCalledTimes(1);
    expect(resultOf(store, "x")).toBeUndefined();
  },
);

test("minHold keeps the name, and the result is there all the same", async () => {
  const { clock, store } = bench();
  const [one, two] = fleet(2, store, clock) as [never, never];
  const options = { ...KEEP, minHold: "50s" } as const;
  expect(await singleFlight(one, "x", options, () => 1)).toBe(1);
  expect(await createLocks(store, { clock }).tryAcquire("x")).toBeNull();
  expect(await singleFlight(two, "x", options, () => 2)).toBe(1);
});
