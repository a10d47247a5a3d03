import { Redis } from "ioredis";
import { expect, test, vi } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import { SingleFlightError, singleFlight } from "../../src/single-flight.ts";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";
import { settle, sleep } from "./support.ts";

const SHARED = { keep: "1m", share: true } as const;

test("callers that share send the requests of one, and each has a result of its own", async () => {
  const { clock, locks, network } = bench();
  const compute = vi.fn(async () => {
    await sleep(clock, 2000);
    return { list: [1] };
  });
  const calls = Array.from({ length: 50 }, () => singleFlight(locks, "x", SHARED, compute));
  const ends = await settle(clock, calls);
  expect(compute).toHaveBeenCalledTimes(1);
  expect(network.calls.map(({ command }) => command)).toEqual(["fly", "land"]);
  const values = ends.map((end) => (end.status === "fulfilled" ? end.value : undefined));
  expect(values).toEqual(Array(50).fill({ list: [1] }));
  expect(new Set(values).size).toBe(50);
});

test("other names, and locks of another prefix or server, are other flights", async () => {
  const { clock, locks } = bench();
  const compute = vi.fn(() => sleep(clock, 10));
  const other = createLocks(memory({ clock }), { clock, prefix: "other:" });
  await settle(clock, [
    singleFlight(locks, "x", SHARED, compute),
    singleFlight(locks, "y", SHARED, compute),
    singleFlight(other, "x", SHARED, compute),
    singleFlight(locks.withOptions({ owner: "the same locks" }), "x", SHARED, compute),
  ]);
  expect(compute).toHaveBeenCalledTimes(3);
});

test("without it each caller asks Redis itself, which is the default but over TCP", async () => {
  const { clock, locks, network } = bench();
  const calls = Array.from({ length: 5 }, () => singleFlight(locks, "x", { keep: "1m" }, () => sleep(clock, 200)));
  await settle(clock, calls);
  expect(network.sent("fly")).toBeGreaterThanOrEqual(9);

  const client = new Redis({ lazyConnect: true });
  expect(ioredis(client).sharesProcess).toBe(true);
  client.disconnect();
  expect(nodeRedis({ sendCommand: async () => null }).sharesProcess).toBe(true);
  expect(memory().sharesProcess).toBeUndefined();
  expect(upstash({ url: "https://x.upstash.io", token: "x" }).sharesProcess).toBeUndefined();
});

test("a transport that says so shares by default, and a caller may refuse", async () => {
  const { clock, network } = bench();
  const locks = createLocks({ ...network, sharesProcess: true }, { clock });
  const five = (share?: boolean) =>
    settle(
      clock,
      Array.from({ length: 5 }, () => singleFlight(locks, "x", { keep: "1ms", share }, () => sleep(clock, 200))),
    );
  await five();
  expect(network.sent("fly")).toBe(1);
  await clock.advance(10);
  await five(false);
  expect(network.sent("fly")).toBeGreaterThan(5);
});

test("one that gives up leaves the others: they go on with one of their own", async () => {
  const { clock, locks, rival } = bench();
  const lease = await rival.acquire("x");
  const controller = new AbortController();
  const compute = vi.fn(() => "made");
  const first = rejection(singleFlight(locks, "x", { ...SHARED, signal: controller.signal }, compute));
  const others = [1, 2, 3].map(() => singleFlight(locks, "x", SHARED, compute));
  await clock.advance(100);
  controller.abort("enough");
  expect(await first).toBe("enough");
  await lease.release();
  expect(await clock.runUntilSettled(Promise.all(others))).toEqual(["made", "made", "made"]);
  expect(compute).toHaveBeenCalledTimes(1);
});

test("one that joined has its own signal, its own wait, and the end of its locks", async () => {
  const { clock, locks, rival } = bench();
  const flight = singleFlight(rival, "x", { keep: "1m" }, () => sleep(clock, 60_000));
  await clock.advance(0);
  const leader = rejection(singleFlight(locks, "x", { ...SHARED, wait: "1m" }, vi.fn()));
  const controller = new AbortController();
  const aborted = rejection(singleFlight(locks, "x", { ...SHARED, signal: controller.signal }, vi.fn()));
  const short = rejection(singleFlight(locks, "x", { ...SHARED, wait: "4s" }, vi.fn()));
  const closed = rejection(singleFlight(locks, "x", { ...SHARED, wait: "1m" }, vi.fn()));
  await clock.advance(500);
  controller.abort("enough");
  expect(await aborted).toBe("enough");
  const error = (await clock.runUntilSettled(short)) as { code: string; waited: number; message: string };
  expect(error.code).toBe("TIMEOUT");
  expect(error.waited).toBeGreaterThan(3000);
  expect(error.waited).toBeLessThanOrEqual(4000);
  expect(error.message).toContain(`for all of ${error.waited} ms`);
  const closing = locks.close();
  expect(await closed).toMatchObject({ code: "CLOSED" });
  expect(await leader).toMatchObject({ code: "CLOSED" });
  await clock.runUntilSettled(Promise.all([closing, flight]));
});

test("who joined has time for asking Redis at the end of its wait, however far away that is", async () => {
  const { clock, locks, rival, network } = bench();
  await rival.acquire("x", { ttl: "1h", owner: "rival" });
  network.treat = () => ({ arrives: 40, answers: 40 });
  const ends = await settle(clock, [
    singleFlight(locks, "x", { ...SHARED, wait: "1m" }, vi.fn()),
    singleFlight(locks, "x", { ...SHARED, wait: "4s" }, vi.fn()),
  ]);
  for (const end of ends) expect(end).toMatchObject({ reason: { code: "TIMEOUT", holder: "rival" } });
});

test("who joined during an outage is told of an outage, not that somebody has the lock", async () => {
  const { clock, locks, network } = bench();
  network.treat = () => BLACK_HOLE;
  const ends = await settle(clock, [
    singleFlight(locks, "x", SHARED, vi.fn()),
    singleFlight(locks, "x", { ...SHARED, wait: "4s" }, vi.fn()),
  ]);
  for (const end of ends) expect(end).toMatchObject({ status: "rejected", reason: { code: "BACKEND" } });
});

test("a failure: those who joined try in turn, or fail with it as the cause, as they were told to", async () => {
  const { clock, locks } = bench();
  const broken = new Error("broken");
  const compute = vi.fn(async () => {
    await sleep(clock, 100);
    if (compute.mock.calls.length === 1) throw broken;
    return "made";
  });
  const ends = await settle(clock, [
    singleFlight(locks, "x", SHARED, compute),
    singleFlight(locks, "x", SHARED, compute),
    singleFlight(locks, "x", SHARED, compute),
    singleFlight(locks, "x", { ...SHARED, onFailure: "fail" }, compute),
  ]);
  expect(ends.map((end) => (end.status === "fulfilled" ? end.value : end.reason))).toEqual([
    broken,
    "made",
    "made",
    expect.any(SingleFlightError),
  ]);
  expect(ends[3]).toMatchObject({ reason: { cause: broken, lockName: "x" } });
  expect(compute).toHaveBeenCalledTimes(2);
});

test("a failure elsewhere: those who joined before it are told, who joined after it computes", async () => {
  const { clock, locks, rival } = bench();
  const options = { ...SHARED, onFailure: "fail" } as const;
  const compute = vi.fn(() => "made");
  const theirs = rejection(
    singleFlight(rival, "x", options, async () => {
      await sleep(clock, 5000);
      throw new Error("broken");
    }),
  );
  await clock.advance(0);
  const first = rejection(singleFlight(locks, "x", options, compute));
  const joined = rejection(singleFlight(locks, "x", options, compute));
  await clock.advance(5000);
  await theirs;
  const later = singleFlight(locks, "x", options, compute);
  const ends = await clock.runUntilSettled(Promise.all([first, joined, later]));
  expect(ends).toEqual([expect.any(SingleFlightError), expect.any(SingleFlightError), "made"]);
});

test("a lease that was lost is nobody else's result", async () => {
  const { clock, locks } = bench();
  const compute = vi.fn(() => {
    if (compute.mock.calls.length === 1) clock.block(40_000);
    return compute.mock.calls.length;
  });
  const ends = await settle(clock, [
    singleFlight(locks, "x", { ...SHARED, renew: false }, compute),
    singleFlight(locks, "x", { ...SHARED, wait: "2m" }, compute),
  ]);
  expect(ends).toMatchObject([{ reason: { code: "LOST", result: 1 } }, { value: 2 }]);
});

test("a computation that never ends holds nobody up once its lease is lost", async () => {
  const { clock, locks, rival, network } = bench();
  const hung = vi.fn(() => new Promise<string>(() => {}));
  void singleFlight(locks, "x", { ...SHARED, maxHold: "4s", ttl: "4s" }, hung);
  await clock.advance(0);
  const joined = singleFlight(locks, "x", { ...SHARED, wait: "1m" }, hung);
  const elsewhere = singleFlight(rival, "x", { keep: "1h", wait: "1m" }, () => "theirs");
  expect(await clock.runUntilSettled(Promise.all([elsewhere, joined]))).toEqual(["theirs", "theirs"]);
  expect(hung).toHaveBeenCalledTimes(1);

  const now = clock.now();
  const sent = network.sent("fly");
  expect(await singleFlight(locks, "x", { ...SHARED, wait: Number.POSITIVE_INFINITY }, hung)).toBe("theirs");
  expect([clock.now(), network.sent("fly")]).toEqual([now, sent + 1]);
});

test("and when it ends after all, those who share the next one still do", async () => {
  const { clock, locks, network } = bench();
  let end = (_: string) => {};
  const compute = vi.fn(async () => {
    if (compute.mock.calls.length === 1) return new Promise<string>((resolve) => (end = resolve));
    await sleep(clock, 5000);
    return "later";
  });
  const first = rejection(singleFlight(locks, "x", { ...SHARED, maxHold: "4s", ttl: "4s" }, compute));
  await clock.advance(9000);
  const second = singleFlight(locks, "x", SHARED, compute);
  await clock.advance(1000);
  end("too late");
  expect(await clock.runUntilSettled(first)).toMatchObject({ code: "LOST", result: "too late" });
  const third = singleFlight(locks, "x", { ...SHARED, keep: 0 }, compute);
  expect(await clock.runUntilSettled(Promise.all([second, third]))).toEqual(["later", "later"]);
  expect([compute.mock.calls.length, network.sent("fly")]).toEqual([2, 2]);
});

test("wait: 0 waits for nobody in this process either", async () => {
  const { clock, locks } = bench();
  const first = singleFlight(locks, "x", SHARED, () => sleep(clock, 500));
  await clock.advance(0);
  const now = clock.now();
  expect(await rejection(singleFlight(locks, "x", { ...SHARED, wait: 0 }, vi.fn()))).toMatchObject({ code: "TIMEOUT" });
  expect(clock.now()).toBe(now);
  await clock.runUntilSettled(first);
});
