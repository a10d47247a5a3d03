import { expect, test, vi } from "vitest";
import { singleFlight } from "../../src/single-flight.ts";
import { read } from "../docs/markdown.ts";
import { bench, rejection } from "../support/bench.ts";
import { fleet, resultOf, settle, sleep } from "./support.ts";

test("one caller in the fleet computes, and whoever waited has its result", async () => {
  const { clock, store } = bench();
  const compute = vi.fn(async () => {
    await sleep(clock, 2000);
    return { rate: 1.08 };
  });
  const calls = fleet(20, store, clock).map((locks) => singleFlight(locks, "rates", { keep: "1m" }, compute));
  const ends = await settle(clock, calls);
  expect(compute).toHaveBeenCalledTimes(1);
  for (const end of ends) expect(end).toEqual({ status: "fulfilled", value: { rate: 1.08 } });
});

test("who comes within keep has the result without computing; who comes after it computes", async () => {
  const { clock, store } = bench();
  const [one, two] = fleet(2, store, clock) as [never, never];
  let count = 0;
  const flight = (locks: never) => singleFlight(locks, "rates", { keep: "1m" }, () => ++count);
  expect(await flight(one)).toBe(1);
  expect(resultOf(store, "rates")).toMatchObject({ value: expect.stringMatching(/^\d{16} =1$/), pttl: 60_000 });
  await clock.advance(59_999);
  expect(await flight(two)).toBe(1);
  await clock.advance(2);
  expect(await flight(two)).toBe(2);
});

test("keep may come from what was computed, and 0 keeps nothing", async () => {
  const { locks, store } = bench();
  const token = { access: "t", expires_in: 90 };
  await singleFlight(locks, "token", { keep: ({ expires_in }) => (expires_in - 30) * 1000 }, () => token);
  expect(resultOf(store, "token")?.pttl).toBe(60_000);
  await singleFlight(locks, "other", { keep: () => 0 }, () => token);
  await singleFlight(locks, "other", { keep: 0 }, () => token);
  expect(resultOf(store, "other")).toBeUndefined();
});

test("nobody who waits sleeps through the time in which the result is there", async () => {
  const { clock, store } = bench();
  const compute = vi.fn(() => sleep(clock, 7000));
  const options = { keep: "40ms", retry: { min: 1000 } };
  const calls = fleet(5, store, clock).map((locks) => singleFlight(locks, "short", options, compute));
  await settle(clock, calls);
  expect(compute).toHaveBeenCalledTimes(1);
});

test("nor where a function says how long that is, from 2 s up", async () => {
  const { clock, store } = bench();
  const compute = vi.fn(() => sleep(clock, 7000));
  const options = { keep: () => 2000, retry: { min: 6000, max: 6000, jitter: 0 }, wait: "1m" } as const;
  const calls = fleet(6, store, clock).map((locks) => singleFlight(locks, "short", options, compute));
  await settle(clock, calls);
  expect(compute).toHaveBeenCalledTimes(1);
});

test("the computation has the lease: its fence, a signal, renewal", async () => {
  const { clock, locks, rival } = bench();
  const seen = clock.runUntilSettled(
    singleFlight(locks, "long", { keep: "1m", ttl: "2s" }, async (lease) => {
      await sleep(clock, 20_000);
      return [lease.fence, lease.held, lease.signal.aborted];
    }),
  );
  const [fence, held, aborted] = await seen;
  expect([held, aborted]).toEqual([true, false]);
  expect((await rival.acquire("long")).fence).toBeGreaterThan(fence as number);
});

test("the winner's result passes through encode and decode like everyone else's", async () => {
  const { clock, store } = bench();
  const [one, two] = fleet(2, store, clock) as [never, never];
  const made = { at: new Date(0), list: [1] };
  const flight = (locks: never) => singleFlight(locks, "made", { keep: "1m" }, () => made);
  const first = await flight(one);
  expect(first).toEqual({ at: "1970-01-01T00:00:00.000Z", list: [1] });
  expect(first).not.toBe(made);
  expect(await flight(two)).toEqual(first);

  const options = {
    keep: "1m",
    encode: async (date: Date) => `at ${date.getTime()}`,
    decode: async (text: string) => new Date(Number(text.slice(3))),
  };
  const dated = (locks: never) => singleFlight(locks, "date", options, () => new Date(5));
  expect(await dated(one)).toEqual(new Date(5));
  expect(await dated(two)).toEqual(new Date(5));
  expect(resultOf(store, "date")?.value).toMatch(/ =at 5$/);
});

test.each([
  ["nothing", undefined],
  ["null", null],
  ["a text", 'line\n"1" =! é 🔒 \0'],
  ["an empty text", ""],
  ["a number", 0],
  ["a list", [1, [], {}]],
])("%s is a result", async (_, value) => {
  const { clock, store } = bench();
  for (const locks of fleet(2, store, clock)) {
    expect(await singleFlight(locks, "value", { keep: "1m" }, () => value)).toEqual(value);
  }
});

test("what does not decode, or is no text, is kept for nobody", async () => {
  const { locks, store } = bench();
  const decode = () => {
    throw new Error("cannot read it");
  };
  const bad = singleFlight(locks, "bad", { keep: "1m", decode }, () => 1);
  expect(await rejection(bad)).toMatchObject({ message: "cannot read it" });
  const encode = (() => 5) as never;
  expect(await rejection(singleFlight(locks, "bad", { keep: "1m", encode }, () => 1))).toMatchObject({
    code: "OPTIONS",
    message: expect.stringContaining("What encode made is 5"),
  });
  expect(await rejection(singleFlight(locks, "bad", { keep: "1m", encode: () => "\ud800" }, () => 1))).toMatchObject({
    code: "OPTIONS",
  });
  const endless = singleFlight(locks, "bad", { keep: () => Infinity }, () => 1);
  expect(await rejection(endless)).toMatchObject({ code: "OPTIONS", message: expect.stringContaining("keep") });
  expect(store.entries().map(({ key }) => key)).toEqual(["fence.7t5:lock:bad"]);
});

test("a lock of the same name excludes the flight, and is excluded", async () => {
  const { clock, locks, rival } = bench();
  const lease = await rival.acquire("name");
  expect(await rejection(singleFlight(locks, "name", { keep: "1m", wait: 0 }, () => 1))).toMatchObject({
    code: "TIMEOUT",
  });
  await lease.release();
  const busy = clock.runUntilSettled(singleFlight(locks, "name", { keep: "1m" }, () => rival.tryAcquire("name")));
  expect(await busy).toBeNull();
});

test("locks that are fair by default: a flight goes before the line, and the line goes on after it", async () => {
  const { clock, locks } = bench({ fair: true });
  const lease = await locks.acquire("name", { ttl: "1s" });
  const waiting = locks.acquire("name");
  await clock.advance(1001);
  const flight = singleFlight(locks, "name", { keep: "1m" }, () => sleep(clock, 500).then(() => "made"));
  expect(await clock.runUntilSettled(flight)).toBe("made");
  expect((await clock.runUntilSettled(waiting)).held).toBe(true);
  expect(lease.held).toBe(false);
});

test("something else at the key of the result is replaced", async () => {
  const { locks, store } = bench();
  await store.set("result.qdb:lock:x", "not ours", { nx: true, px: 60_000 });
  expect(await singleFlight(locks, "x", { keep: "1m" }, () => 1)).toBe(1);
  expect(resultOf(store, "x")?.value).toMatch(/^\d{16} =1$/);
});

test("a result is a plain text in Redis, as the page warns with its key", async () => {
  const { locks, store } = bench();
  await singleFlight(locks, "x", { keep: "1m" }, () => "hush");
  const { key } = store.entries().find(({ value }) => value.includes("hush")) ?? { key: "none" };
  const [, section = ""] = read("docs/single-flight.md").split("\n## What rests in Redis\n");
  const [warning] = section.trim().split("\n");
  expect(warning).toContain(`\`${key.replace("lock:x", "")}\``);
  expect(warning).toMatch(/plain text in Redis for as long as it is kept.*Encrypt what is secret/);
});
