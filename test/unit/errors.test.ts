import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import * as holdfast from "../../src/index.ts";
import { bench, rejection } from "../support/bench.ts";

const { isLockError, LockError } = holdfast;

/** One of each, as users get them. */
async function everyError(): Promise<Record<holdfast.LockErrorCode, unknown>> {
  const { clock, locks, rival, network } = bench();
  await rival.acquire("x", { owner: "rival" });
  const timeout = await clock.runUntilSettled(rejection(locks.acquire("x", { wait: "1s" })));
  const lost = await rejection(
    locks.request("y", { renew: false }, () => {
      clock.block(40_000);
      return "result";
    }),
  );
  network.treat = () => ({ refuses: new Error("NOAUTH Authentication required.") });
  const backend = await rejection(locks.acquire("z"));
  const options = await rejection(locks.acquire(""));
  await clock.runUntilSettled(locks.close());
  const closed = await rejection(locks.acquire("x"));
  return { TIMEOUT: timeout, LOST: lost, BACKEND: backend, OPTIONS: options, CLOSED: closed };
}

test("each error has its class, name, code and fields", async () => {
  const errors = await everyError();
  for (const [code, error] of Object.entries(errors)) {
    const name = {
      TIMEOUT: "LockTimeoutError",
      LOST: "LockLostError",
      BACKEND: "LockBackendError",
      OPTIONS: "LockOptionsError",
      CLOSED: "LockClosedError",
    }[code] as string;
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(LockError);
    expect((error as Error).constructor.name).toBe(name);
    expect(error).toMatchObject({ name, code });
    expect(String(error)).toMatch(new RegExp(`^${name}: .{10,}`));
    expect((error as Error).stack).toContain((error as Error).message);
  }
  expect(errors.TIMEOUT).toMatchObject({
    lockName: "x",
    holder: "rival",
    waited: expect.any(Number),
    attempts: expect.any(Number),
  });
  expect(errors.LOST).toMatchObject({ lockName: "y", reason: "expired", result: "result" });
  expect(errors.BACKEND).toMatchObject({ lockName: "z", errors: [{ message: expect.stringContaining("NOAUTH") }] });
  expect((errors.BACKEND as Error).cause).toBe((errors.BACKEND as { errors: unknown[] }).errors[0]);
});

test("isLockError tells them from each other and from everything else", async () => {
  const errors = await everyError();
  const codes = Object.keys(errors) as holdfast.LockErrorCode[];
  for (const error of Object.values(errors)) {
    expect(isLockError(error)).toBe(true);
    expect(codes.filter((code) => isLockError(error, code))).toEqual([(error as holdfast.LockError).code]);
  }
  const others = [
    undefined,
    null,
    0,
    "LOST",
    Symbol("x"),
    {},
    [],
    new Error("LOST"),
    Object.assign(new Error("x"), { code: "LOST" }),
  ];
  for (const other of others) {
    expect(isLockError(other)).toBe(false);
    expect(isLockError(other, "LOST")).toBe(false);
  }
});

test("the abstract class is no error that the library throws bare", () => {
  expect(Object.getPrototypeOf(holdfast.LockLostError)).toBe(LockError);
});

describe("another copy of the package", () => {
  /** An error as a copy in another realm makes it: its classes, its Error and its Symbol are not ours. */
  const make = `(names) => {
    const brands = names.map((name) => Symbol.for(name));
    const error = Object.assign(new Error("from there"), { code: "LOST", reason: "taken" });
    for (const brand of brands) Object.defineProperty(error, brand, { value: true });
    return error;
  }`;

  test("in another realm: its errors are known, though instanceof says no", async () => {
    const { LOST } = await everyError();
    const brands = Object.getOwnPropertySymbols(LOST).map((symbol) => Symbol.keyFor(symbol));
    expect(brands.every((brand) => typeof brand === "string")).toBe(true);
    const foreign = runInNewContext(make)(brands);
    expect(foreign instanceof Error).toBe(false);
    expect([isLockError(foreign), isLockError(foreign, "LOST"), isLockError(foreign, "TIMEOUT")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(isLockError(runInNewContext('Object.assign(new Error("x"), { code: "LOST" })'))).toBe(false);
  });

  test("loaded twice in this one: either knows the other's errors", async () => {
    vi.resetModules();
    const copy: typeof holdfast = await import("../../src/index.ts");
    expect(copy.LockLostError).not.toBe(holdfast.LockLostError);
    const { LOST } = await everyError();
    expect(LOST).not.toBeInstanceOf(copy.LockError);
    expect([copy.isLockError(LOST), copy.isLockError(LOST, "LOST"), copy.isLockError(LOST, "CLOSED")]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

test.each([
  ["no prototype", Object.create(null)],
  ["a symbol", Symbol("x")],
  ["a message that is a symbol", { message: Symbol("m") }],
  [
    "a message that throws",
    {
      get message() {
        throw new Error("getter");
      },
    },
  ],
  ["nothing", undefined],
])("a client that throws %s is an outage like any other, also during a renewal", async (_, thrown) => {
  const { clock, locks, network, events } = bench();
  const lease = await locks.acquire("x", { renew: true, ttl: "3s" });
  network.treat = () => ({ refuses: thrown ?? null });
  expect(await rejection(locks.tryAcquire("y"))).toMatchObject({ code: "BACKEND" });
  await clock.advance(4000);
  expect(lease.held).toBe(false);
  expect(events.find(({ type }) => type === "lost")).toMatchObject({ reason: "unreachable" });
});

test("an ended lease says how it ended", async () => {
  const { locks } = bench();
  const released = await locks.acquire("x");
  await released.release();
  expect(await rejection(released.extend())).toMatchObject({ message: 'The lock "x" was lost: it was released.' });
  const handed = await locks.acquire("y");
  handed.handOver();
  expect(() => handed.handOver()).toThrow('The lock "y" was lost: it was handed over.');
});
