import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import * as decorators from "../../src/decorators.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { sleep } from "../single-flight/support.ts";
import { bench, rejection } from "../support/bench.ts";
import { COMPILERS, evaluate } from "./compile.ts";
import type { Invoices } from "./invoices.ts";

describe.each(COMPILERS)("@locked compiled by %s", (_, compile) => {
  let world: ReturnType<typeof bench>;
  let Compiled: typeof Invoices;
  let invoices: Invoices;
  beforeEach(async () => {
    world = bench();
    globalThis.invoiceLocks = world.locks;
    ({ Invoices: Compiled } = evaluate(await compile()));
    invoices = new Compiled(world.locks);
  });

  test("runs the method under the lock that its arguments name, with its object, arguments and result", async () => {
    const { clock, rival } = world;
    const pause = () => sleep(clock, 500);
    const twice = Promise.all([invoices.charge("7", pause), invoices.charge("7", pause)]);
    await clock.advance(100);
    expect(await rival.query("invoice:7")).toMatchObject({ held: true, holders: [{ owner: "charging" }] });
    expect(await clock.runUntilSettled(twice)).toEqual(Array(2).fill({ id: "7", by: invoices }));
    expect([invoices.log, invoices.overlaps]).toEqual([["charge 7", "charge 7"], 0]);
    const other = Promise.all([invoices.charge("8", pause), invoices.charge("9", pause)]);
    await clock.runUntilSettled(other);
    expect(invoices.overlaps).toBe(1);
  });

  test("options are those of a lock, and errors are the lock's or the method's own", async () => {
    await world.rival.acquire("all");
    expect(await rejection(invoices.close())).toMatchObject({ code: "TIMEOUT", lockName: "all" });
    expect(await rejection(invoices.refund())).toMatchObject({ message: "which one?" });
  });

  test("the name may be made with the object", async () => {
    expect(await invoices.refund("5")).toBe("held");
  });

  test("static methods too", async () => {
    expect(await Compiled.count()).toBe(world.locks);
    expect(world.events.filter(({ type }) => type === "released")).toMatchObject([{ name: "count" }]);
  });

  test("the locks are looked up at each call: those of this moment", async () => {
    await invoices.close();
    const { locks, events } = bench();
    globalThis.invoiceLocks = locks;
    await invoices.close();
    expect(events.filter(({ type }) => type === "acquired")).toHaveLength(1);
  });

  test("a name or locks that fail are a rejection, and nothing runs", async () => {
    globalThis.invoiceLocks = undefined as never;
    expect(await rejection(invoices.close())).toBeInstanceOf(TypeError);
    expect(await rejection(invoices.charge("x".repeat(2000), async () => {}))).toMatchObject({ code: "OPTIONS" });
    expect(invoices.log).toEqual([]);
  });
});

test.each(["types.tsconfig.json", "older.tsconfig.json"])(
  "its types are exact: %s",
  { timeout: 60_000 },
  async (config) => {
    const compiler = fileURLToPath(new URL("../../node_modules/typescript7/bin/tsc", import.meta.url));
    const project = fileURLToPath(new URL(config, import.meta.url));
    const run = promisify(execFile)(process.execPath, [compiler, "--noEmit", "-p", project]);
    await expect(
      run.then(
        () => "",
        ({ stdout }: { stdout: string }) => stdout,
      ),
    ).resolves.toBe("");
  },
);

const { locked } = decorators;

test("what it decorates has to be a method", () => {
  const { locks } = bench();
  const decorate = locked({ name: "x", locks }) as (...args: unknown[]) => unknown;
  const refused = expect.objectContaining({ code: "OPTIONS", message: expect.stringContaining("methods") });
  for (const kind of ["class", "getter", "field", "accessor"]) {
    expect(() => decorate(() => {}, { kind })).toThrow(refused);
  }
  expect(() => decorate({}, "field")).toThrow(refused);
  expect(() => decorate({}, "getter", { get: () => 1 })).toThrow(refused);
});

test("options that cannot be right are refused when the class is defined, where the locks are known", () => {
  const { locks } = bench();
  const refused = expect.objectContaining({ code: "OPTIONS" });
  expect(() => locked({ name: "x", locks, ttl: 5 })).toThrow(refused);
  expect(() => locked({ name: "", locks })).toThrow(refused);
  expect(() => locked({ name: "x", locks: {} as never })).toThrow(refused);
  expect(() => locked({ name: "x" } as never)).toThrow(refused);
});

test("it takes the locks of any copy of the package, wrapped ones as well", async () => {
  const { store, clock } = bench();
  const locks = createLocks(store, { clock });
  const names: string[] = [];
  const wrapped = {
    ...locks,
    request: (name: string, ...rest: [never, never]) => {
      names.push(name);
      return locks.request(name, ...rest);
    },
  } as unknown as Locks;
  const decorate = locked({ name: "x", locks: wrapped }) as (...args: unknown[]) => () => Promise<unknown>;
  expect(await decorate(async () => 1, { kind: "method" })()).toBe(1);
  expect(names).toEqual(["x"]);
});
