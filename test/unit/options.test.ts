import { describe, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type LocksOptions } from "../../src/index.ts";
import { bench, rejection } from "../support/bench.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const DURATIONS = ["ttl", "wait", "commandTimeout", "maxHold", "minHold"];

/** What `createLocks` throws for options that TypeScript would not let through. */
function refusal(options: object): Error {
  try {
    createLocks(memory(), options as LocksOptions);
  } catch (error) {
    expect(error).toMatchObject({ name: "LockOptionsError", code: "OPTIONS" });
    return error as Error;
  }
  throw new Error(`accepted: ${Object.keys(options)} = ${Object.values(options).map(String)}`);
}

describe.each(DURATIONS)("the duration %s", (name) => {
  const malformed = [
    "",
    "30",
    "s",
    "30 sec",
    "-5s",
    "1e3ms",
    " 30s",
    "30s ",
    "30  s",
    "30S",
    "0x10ms",
    "NaN",
    "Infinity",
    "1d",
  ];
  const wrong = [-1, -0.5, 1500.5, Number.NaN, Number.NEGATIVE_INFINITY, 1e18, Number.MAX_VALUE, true, {}, [], 30n];

  test.each([...malformed, ...wrong])("is refused as %o, with its name, its value and what is allowed", (value) => {
    const { message } = refusal({ [name]: value });
    if (name === "ttl" && value === "30") return expect(message).toContain('"30s" or "30ms"');
    expect(message).toMatch(new RegExp(`^${name} is .*: expected whole milliseconds, or "250ms".* from \\d+ to `));
    if (typeof value === "string") expect(message).toContain(JSON.stringify(value));
    else if (typeof value !== "object") expect(message).toContain(String(value));
  });

  test("is taken as a number and as a text with a unit", () => {
    for (const value of [1_800_000, "1800000ms", "1800s", "1800 s", "30m", "0.5h", "32.1s", "20.35m"]) {
      expect(() => createLocks(memory(), { ttl: "20ms", [name]: value })).not.toThrow();
    }
  });
});

describe("the range of", () => {
  test.each([
    ["ttl", [0, "19ms", "0s", "24.1h", 86_400_001, Number.POSITIVE_INFINITY], ["20ms", 1000, "24h", 86_400_000]],
    ["wait", [-1, "-1ms"], [0, "0ms", 1, "1ms", 365 * 86_400_000, Number.POSITIVE_INFINITY]],
    ["commandTimeout", [0, "0ms", "24.1h", Number.POSITIVE_INFINITY], [1, "1ms", "24h"]],
    ["maxHold", [0, "0s", 29_999], ["30s", "1h", Number.POSITIVE_INFINITY]],
    ["minHold", ["24.1h", Number.POSITIVE_INFINITY], [0, 1, "24h"]],
  ])("%s", (name, outside, inside) => {
    for (const value of outside) expect(refusal({ [name]: value }).message).toContain(`${name} is `);
    for (const value of inside) expect(() => createLocks(memory(), { [name]: value })).not.toThrow();
  });
});

test.each([1, 30, 250, 999])("a bare ttl of %d is refused with a hint to say seconds or milliseconds", (value) => {
  const { message } = refusal({ ttl: value });
  expect(message).toContain(`ttl is ${value}:`);
  expect(message).toContain(`"${value}s"`);
  expect(message).toContain(`"${value}ms"`);
});

test("the numbers of an option are refused with its name, its value and the range", () => {
  const numbers: [object, string][] = [
    ...[0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, "5", true, {}].map((value): [object, string] => [
      { maxAttempts: value },
      "maxAttempts",
    ]),
    ...["min", "max", "factor", "jitter"].flatMap((part) =>
      [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e18, "5"].map((value): [object, string] => [
        { retry: { [part]: value } },
        `retry.${part}`,
      ]),
    ),
    [{ retry: { factor: 0.5 } }, "retry.factor"],
    [{ retry: { jitter: 1.1 } }, "retry.jitter"],
  ];
  for (const [options, name] of numbers) {
    const { message } = refusal(options);
    expect(message).toMatch(new RegExp(`^${name.replace(".", "\\.")} is .*: expected a (whole )?number`));
  }
  for (const maxAttempts of [1, 50, Number.POSITIVE_INFINITY]) {
    expect(() => createLocks(memory(), { maxAttempts })).not.toThrow();
  }
});

test.each([
  ["retry", [5, "fast", true], "expected "],
  ["renew", ["yes", 1, 0, {}], "a boolean"],
  ["fence", ["no", 1, 0], "a boolean"],
  ["owner", [5, {}, true, "x".repeat(257), "é".repeat(129), "\ud800"], "expected "],
  ["prefix", [5, {}, "\udc00"], "expected "],
  ["signal", [{}, "x", true, () => {}], "an AbortSignal"],
  ["waitUntil", [5, "x", {}, { waitUntil: 5 }, true], "a function, or an object"],
  ["onEvent", [5, "x", {}], "a function"],
])("%s of another type is refused, with what it should be", async (name, values, expected) => {
  for (const value of values) {
    const error = await Promise.resolve()
      .then(() => createLocks(memory(), { [name]: value }).tryAcquire("x"))
      .then(
        () => "accepted",
        (thrown: unknown) => thrown,
      );
    expect(error, `${name}: ${String(value)}`).toMatchObject({ code: "OPTIONS" });
    expect((error as Error).message).toContain(name);
    expect((error as Error).message).toContain(expected);
  }
});

test.each([
  ...DURATIONS,
  "maxAttempts",
  "retry",
  "renew",
  "fair",
  "fence",
  "owner",
  "signal",
  "waitUntil",
  "prefix",
  "clock",
])("%s: undefined was not given, and does not hide a default of createLocks", async (name) => {
  const { clock, locks, store } = bench({ ttl: "7s", [name]: name === "ttl" ? "7s" : undefined });
  await locks.acquire("x", name === "prefix" || name === "clock" ? {} : { [name]: undefined });
  expect(store.entries().find(({ key }) => key === "lock:x")?.pttl).toBe(7000);
  expect(clock.pending.referenced).toBe(0);
});

describe("an option that does not exist", () => {
  test("is refused, and the message lists those that do", () => {
    const { message } = refusal({ timeout: 5 });
    expect(message).toContain('"timeout"');
    for (const known of [
      ...DURATIONS,
      "maxAttempts",
      "retry",
      "renew",
      "fence",
      "owner",
      "signal",
      "waitUntil",
      "prefix",
      "clock",
      "onEvent",
    ]) {
      expect(message).toMatch(new RegExp(`\\b${known}\\b`));
    }
    expect(refusal({ retry: { base: 5 } }).message).toMatch(/"base".*min.*max.*factor.*jitter/);
    expect(refusal({ TTL: "5s" }).message).toContain('"TTL"');
  });

  test.each(["prefix", "clock", "onEvent"])("%s belongs to createLocks, and a call refuses it", async (name) => {
    const { locks, network } = bench();
    const options: object = { [name]: { prefix: "x:", clock: virtualClock(), onEvent: () => {} }[name] };
    for (const call of [
      () => locks.acquire("x", options),
      () => locks.tryAcquire("x", options),
      () => locks.request("x", options, () => {}),
    ]) {
      expect(await rejection(call())).toMatchObject({ code: "OPTIONS", message: expect.stringContaining(`"${name}"`) });
    }
    expect(() => locks.withOptions(options)).toThrow(`"${name}"`);
    expect(() => locks.wrap(() => {}, { name: "x", ...options })).toThrow(`"${name}"`);
    expect(network.calls).toEqual([]);
  });

  test("ifAvailable belongs to request", async () => {
    const { locks } = bench();
    const options: object = { ifAvailable: true };
    expect(await rejection(locks.acquire("x", options))).toMatchObject({ code: "OPTIONS" });
    expect(refusal(options).message).toContain('"ifAvailable"');
    expect(await rejection(locks.request("x", { ifAvailable: 1 as unknown as boolean }, () => {}))).toMatchObject({
      message: expect.stringContaining("ifAvailable is 1"),
    });
  });

  test.each([5, "30s", null])("options that are no object (%o) are refused", async (options) => {
    const { locks } = bench();
    expect(await rejection(locks.acquire("x", options as never))).toMatchObject({ code: "OPTIONS" });
    expect(() => createLocks(memory(), options as never)).toThrow("options");
  });
});

describe("what is not supported yet is refused, not ignored", () => {
  test.each([
    [{ mode: "shared" }, /mode/],
    [{ mode: "Exclusive" }, /mode/],
    [{ steal: true }, /steal/],
  ])("%o", async (options, message) => {
    expect(refusal(options).message).toMatch(message);
    const { locks, network } = bench();
    expect(await rejection(locks.acquire("x", options as object))).toMatchObject({ code: "OPTIONS" });
    expect(network.calls).toEqual([]);
  });

  test("their defaults may be said", async () => {
    const { locks } = bench({ mode: "exclusive", steal: false, fair: false });
    expect((await locks.acquire("x")).mode).toBe("exclusive");
  });
});

describe("values are judged together", () => {
  test("a maxHold below the ttl is refused, and the message says what is allowed", () => {
    expect(refusal({ ttl: "1m", maxHold: "30s" }).message).toMatch(/maxHold is ("30s"|30000):.*from 60000/);
    expect(refusal({ maxHold: 29_999 }).message).toMatch(/maxHold is 29999.*from 30000/);
  });

  test("a call's values with those of createLocks", async () => {
    const { locks, network } = bench({ maxHold: "1m" });
    expect(await rejection(locks.acquire("x", { ttl: "2m" }))).toMatchObject({ code: "OPTIONS" });
    expect(network.calls).toEqual([]);
  });

  test("a ttl above 15 minutes raises the default maxHold", async () => {
    const { locks, store } = bench();
    await locks.acquire("x", { ttl: "20m" });
    expect(store.entries().find(({ key }) => key === "lock:x")?.pttl).toBe(1_200_000);
  });
});
