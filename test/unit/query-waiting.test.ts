import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Transport } from "../../src/index.ts";
import { outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { wire } from "../support/wire.ts";

// Loaded by the first lock that competes, in real time.
beforeAll(() => import("../../src/contention.ts"));

const client = new Redis(inject("redisUrl"));
afterAll(() => client.disconnect());

/** In real time, over messages where there are any. */
const STORES: Record<string, () => Transport> = {
  memory: () => memory(),
  Redis: () => ioredis(client),
  "Redis, polling": () => ({ ...ioredis(client, { wakeups: false }), sharesProcess: false }),
};

describe.each(Object.entries(STORES))("over %s", (kind, open) => {
  test("a query of fair locks says how many stand in line", async () => {
    const store = open();
    const prefix = `${inject("redisPrefix")}${kind}:`;
    const locks = createLocks(store, { fair: true, prefix });
    const waiting = async () => (await locks.query("x")).waiting;
    expect(await waiting()).toBe(0);
    const held = await locks.acquire("x", { owner: "first" });
    expect(await locks.query("x")).toMatchObject({ held: true, holders: [{ owner: "first" }], waiting: 0 });

    const gone = new AbortController();
    const left = outcome(locks.acquire("x", { signal: gone.signal }));
    const waits = [0, 1].map(() => locks.acquire("x", { wait: "1m" }));
    await until(async () => (await waiting()) === 3, "three do not stand in line");
    // What asks about every lock, and locks that are not fair, do not ask about lines.
    for await (const snapshot of locks.list()) expect(snapshot).not.toHaveProperty("waiting");
    expect(await locks.withOptions({ fair: false }).query("x")).not.toHaveProperty("waiting");

    gone.abort(new Error("no longer"));
    expect((await left).error).toMatchObject({ message: "no longer" });
    await until(async () => (await waiting()) === 2, "who gave up still stands in line");
    await held.release();
    const next = await Promise.race(waits);
    expect(await waiting()).toBe(1);
    await next.release();
    for (const wait of waits) await (await wait).release();
    expect(await waiting()).toBe(0);
    await locks.close();
  });
});

test("it costs one request more, and only fair locks send it", async () => {
  const clock = virtualClock(1);
  const network = wire(memory({ clock }), clock);
  const locks = createLocks(network, { clock });
  await locks.query("x");
  expect(network.calls.map(({ command }) => command)).toEqual(["query"]);
  await locks.withOptions({ fair: true }).query("x");
  expect(network.calls.map(({ command }) => command)).toEqual(["query", "query", "count"]);
});

test("who has the lock and how many wait is asked at once: it takes one trip", async () => {
  const clock = virtualClock(1);
  const network = wire(memory({ clock }), clock, () => ({ arrives: 50, answers: 50 }));
  const began = clock.monotonic();
  await clock.runUntilSettled(createLocks(network, { clock, fair: true }).query("x"));
  expect(clock.monotonic() - began).toBe(100);
});

test("without an answer about the line there is none about the lock", async () => {
  const clock = virtualClock(1);
  const network = wire(memory({ clock }), clock, ({ command }) =>
    command === "count" ? { refuses: new Error("NOPERM no right to zcount") } : undefined,
  );
  const { error } = await outcome(createLocks(network, { clock, fair: true }).query("x"));
  expect(error).toMatchObject({ code: "BACKEND" });
});
