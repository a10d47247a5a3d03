import { expect, test } from "vitest";
import type { LockEvent } from "../../src/index.ts";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";

type Bench = ReturnType<typeof bench>;

const DENIED = { refuses: new Error("NOAUTH") };
const LOADING = { refuses: new Error("LOADING") };

const failuresOf = ({ events }: Bench) =>
  events.flatMap(({ type, during, ms, attempts }) => (type === "failed" ? [[during, ms, attempts]] : []));

test("failed during acquire: since the call, and how many requests it sent", async () => {
  const all = bench();
  all.network.treat = ({ nth }) => (nth < 3 ? LOADING : { ...DENIED, arrives: 700 });
  await all.clock.runUntilSettled(rejection(all.locks.acquire("x", { retry: () => 1000 })));
  expect(failuresOf(all)).toEqual([["acquire", 2700, 3]]);
});

test("failed during renew: since the grant, and which renewal it was", async () => {
  const all = bench();
  const waiting = all.rival.acquire("x", { ttl: "2s" }).then(() => all.locks.acquire("x", { ttl: "30s", renew: true }));
  const lease = await all.clock.runUntilSettled(waiting);
  all.network.treat = () => LOADING;
  await all.clock.advance(15_000);
  all.network.treat = () => undefined;
  await all.clock.advance(5000);
  expect(failuresOf(all)).toEqual([
    ["renew", 10_000, 1],
    ["renew", 15_000, 2],
  ]);
  expect(all.events.at(-1)).toMatchObject({ type: "renewed", ms: 20_000, attempts: 3 });
  await lease.release();
  expect(all.events.at(-1)).toMatchObject({ type: "released", ms: 20_000, attempts: 1 });
});

test("failed during release: since the grant; lost: the same", async () => {
  const all = bench();
  const lease = await all.locks.acquire("x", { renew: true });
  await all.clock.advance(25_000);
  all.network.treat = () => DENIED;
  await rejection(lease.release());
  expect(failuresOf(all)).toEqual([["release", 25_000, 1]]);
  all.network.treat = () => undefined;
  const other = await all.locks.acquire("y", { renew: true });
  await all.clock.advance(15_000);
  await all.rival.forceRelease("y");
  expect(await other.verify()).toBe(false);
  expect(all.events.at(-1)).toMatchObject({ type: "lost", ms: 15_000, attempts: 1 });
});

test("failed during clean-up: since that began", async () => {
  const all = bench();
  all.network.treat = () => BLACK_HOLE;
  await all.clock.runUntilSettled(rejection(all.locks.tryAcquire("x", { ttl: "30s", commandTimeout: "5s" })));
  await all.clock.advance(60_000);
  expect(failuresOf(all)).toEqual([
    ["acquire", 5000, 1],
    ["clean-up", 30_000, 1],
  ]);
});

test("an event is told as it happens: before the next line runs", async () => {
  const order: string[] = [];
  const { locks, clock } = bench({ onEvent: ({ type }: LockEvent) => void order.push(type) });
  await locks.request("x", () => void order.push("the callback"));
  order.push("the result");
  expect(order).toEqual(["acquired", "the callback", "released", "the result"]);
  const lease = await locks.acquire("x");
  clock.block(60_000);
  expect(lease.held).toBe(false);
  expect(order.at(-1)).toBe("lost");
});

/** What answers its caller: it is no event, done or failed. */
const ANSWERS: Record<string, (all: Bench & { lease: Awaited<ReturnType<Bench["locks"]["acquire"]>> }) => unknown> = {
  extend: ({ lease }) => lease.extend("1m"),
  verify: ({ lease }) => lease.verify(),
  query: ({ locks }) => locks.query("x"),
  list: ({ locks }) => locks.list()[Symbol.asyncIterator]().next(),
  forceRelease: ({ locks }) => locks.forceRelease("free or held"),
};

test.each(Object.entries(ANSWERS))(
  "%s answers its caller, and is no event, whether it fails or not",
  async (_, ask) => {
    const all = bench();
    const lease = await all.locks.acquire("x");
    all.events.length = 0;
    await ask({ ...all, lease });
    all.network.treat = () => DENIED;
    await rejection(Promise.resolve(ask({ ...all, lease })));
    expect(all.events).toEqual([]);
  },
);

test("neither is a hand-over, nor what is restored", async () => {
  const { locks, events } = bench();
  const lease = await locks.acquire("x");
  events.length = 0;
  const restored = locks.restore(lease.handOver());
  expect(await restored.verify()).toBe(true);
  expect(events).toEqual([]);
});

test("nor a wait that was aborted, or that its locks ended, whatever it was about", async () => {
  const { locks, rival, clock, network, events } = bench();
  await rival.acquire("x");
  network.treat = ({ nth }) => (nth > 2 ? { arrives: 1000 } : undefined);
  const aborted = () => {
    const controller = new AbortController();
    return { controller, wait: rejection(locks.acquire("x", { signal: controller.signal, retry: () => 1000 })) };
  };
  const [first, second] = [aborted(), aborted()];
  await clock.advance(500);
  first.controller.abort();
  await clock.advance(1000);
  second.controller.abort();
  const closed = rejection(locks.acquire("y"));
  await clock.advance(100);
  await clock.runUntilSettled(locks.close());
  await clock.runUntilSettled(Promise.all([first.wait, second.wait, closed]));
  await clock.advance(60_000);
  expect(network.sent("acquire")).toBe(4);
  expect(events.map(({ type }) => type)).toEqual(["waiting", "waiting"]);
});
