import { expect, test } from "vitest";
import { LockOptionsError, type Locks } from "../../src/index.ts";
import { bench, lockKeys, rejection } from "../support/bench.ts";

const wrong: [string, unknown][] = [
  ["empty", ""],
  ["1,025 bytes", "x".repeat(1025)],
  ["1,026 bytes in 513 characters", "é".repeat(513)],
  ["a lone surrogate", "a\ud83db"],
  ["no text", 42],
  ["null", null],
  ["undefined", undefined],
  ["an object", { name: "x" }],
];

const methods: [string, (locks: Locks, name: string) => Promise<unknown>][] = [
  ["acquire", (locks, name) => locks.acquire(name)],
  ["tryAcquire", (locks, name) => locks.tryAcquire(name)],
  ["request", (locks, name) => locks.request(name, () => {})],
  ["query", (locks, name) => locks.query(name)],
  ["forceRelease", (locks, name) => locks.forceRelease(name)],
];

test.each(wrong)("a name that is %s is refused by every method, and nothing is sent", async (_, name) => {
  const { locks, network } = bench();
  for (const [, call] of methods) {
    expect(await rejection(call(locks, name as string))).toMatchObject({
      code: "OPTIONS",
      message: expect.stringMatching(/name.*1 to 1024 bytes/i),
    });
  }
  expect(() => locks.restore({ name: name as string, token: `t${"a".repeat(22)}` })).toThrow(LockOptionsError);
  expect(network.calls).toEqual([]);
});

test.each([
  "x",
  " ",
  "a b",
  "{a}b",
  "{}x}",
  "quote\"'`",
  "line\nbreak\r\0",
  "naïve 🔒 名前",
  "x".repeat(1024),
  "🔒".repeat(256),
  "__proto__",
  "*",
  "t".repeat(23),
])("the name %j works", async (name) => {
  const { locks, rival, store } = bench();
  const lease = await locks.acquire(name);
  expect(lease.name).toBe(name);
  expect(lockKeys(store)).toEqual([`lock:${name}`]);
  expect(await rival.tryAcquire(name)).toBe(null);
  expect(await rival.query(name)).toMatchObject({ name, held: true });
  expect(await lease.release()).toBe(true);
  expect(lockKeys(store)).toEqual([]);
});

test("names are told apart byte by byte", async () => {
  const { locks } = bench();
  const names = ["a", "A", "a ", " a", "\u00e1", "a\u0301", "{a}", "a\0"];
  const leases = await Promise.all(names.map((name) => locks.tryAcquire(name)));
  expect(leases.map((lease) => lease?.name)).toEqual(names);
});

test("the prefix makes the key, and may be empty", async () => {
  for (const prefix of ["", "app:lock:", "{tenant}", "🔒"]) {
    const { locks, store } = bench({ prefix });
    await locks.acquire("x");
    expect(store.entries().map(({ key }) => key)).toContain(`${prefix}x`);
  }
});

test.each(["fence.7t5:", "queue.b0v5:", "result.qdb:", "alive.dcr7:"])(
  "a key that begins with %s is refused",
  async (auxiliary) => {
    const { locks } = bench({ prefix: "" });
    expect(await rejection(locks.acquire(`${auxiliary}x`))).toMatchObject({
      code: "OPTIONS",
      message: expect.stringMatching(/fence\.7t5:/),
    });
    expect(await rejection(bench({ prefix: auxiliary }).locks.acquire("x"))).toMatchObject({ code: "OPTIONS" });
    await bench().locks.acquire(`${auxiliary}x`);
  },
);

test("asynchronous methods reject, and never throw synchronously", async () => {
  const { locks } = bench();
  const bad = { ttl: 30 };
  const promises = [
    ...methods.map(([, call]) => call(locks, "")),
    locks.acquire("x", bad),
    locks.tryAcquire("x", bad),
    locks.request("x", bad, () => {}),
    locks.request("x", undefined as never),
    locks.request("x", {}, "no function" as never),
    locks.close({ grace: -1 }),
    locks.close({ grace: "soon" }),
  ];
  for (const promise of promises) expect(await rejection(promise)).toBeInstanceOf(LockOptionsError);

  const lease = await locks.acquire("x");
  expect(await rejection(lease.extend(30))).toMatchObject({ message: expect.stringContaining("ttl is 30") });
  expect(lease.held).toBe(true);
});

test("factories and restore throw", () => {
  const { locks } = bench();
  const bad = { ttl: 30 };
  const token = `t${"a".repeat(22)}`;
  expect(() => locks.withOptions(bad)).toThrow(LockOptionsError);
  expect(() => locks.wrap(() => {}, { name: "x", ...bad })).toThrow(LockOptionsError);
  expect(() => locks.wrap(() => {}, {} as never)).toThrow(LockOptionsError);
  for (const serialized of [
    undefined,
    null,
    "x",
    {},
    { name: "x" },
    { name: "x", token: "mine" },
    { name: "x", token: `${token}!` },
  ]) {
    expect(() => locks.restore(serialized as never)).toThrow(LockOptionsError);
  }
  for (const more of [{ fence: 0 }, { fence: 1.5 }, { fence: "1" }, { ttl: 19 }, { minHold: -1 }]) {
    expect(() => locks.restore({ name: "x", token, ...more } as never)).toThrow(LockOptionsError);
  }
  expect(() => locks.restore({ name: "x", token }, bad)).toThrow(LockOptionsError);
});

test("a lease of a short ttl is restored as it was handed over, through JSON", async () => {
  const { locks } = bench();
  const lease = await locks.acquire("x", { ttl: "250ms" });
  const restored = locks.restore(JSON.parse(JSON.stringify(lease.handOver())));
  expect(await restored.verify()).toBe(true);
});
