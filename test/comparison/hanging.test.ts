/** A job that never ends: an hour of renewals, at timers that pass at once. */
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { createLock, IoredisAdapter, Mutex, Redlock5 } from "../migrating/libraries.ts";
import { noUnhandledRejections, outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";

noUnhandledRejections();

const TTL = 60_000;
const HOUR = 3_600_000;
const immediate = setImmediate;

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject("redisUrl"));
});
afterAll(() => redis.disconnect());
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
});
afterEach(() => void vi.useRealTimers());

const fresh = () => `hanging-${process.pid}-${Math.random().toString(36).slice(2)}`;

/** Lets so much time pass, by steps in each of which Redis answers what was asked. */
async function pass(ms: number, over = () => false): Promise<void> {
  for (let passed = 0; passed < ms && !over(); passed += 1000) {
    vi.advanceTimersByTime(1000);
    await redis.ping();
    await new Promise((resolve) => immediate(resolve));
  }
}

/** Whether the key is renewed when an hour has passed. */
async function renewedAfterAnHour(key: string): Promise<boolean> {
  await pass(HOUR);
  await redis.pexpire(key, TTL / 2);
  await pass(TTL);
  return (await redis.pttl(key)) > TTL / 2;
}

describe("a job that hangs for an hour", () => {
  test("redlock 5: keeps the lock", async () => {
    const name = fresh();
    await new Redlock5([redis]).using([name], TTL, async () => {
      expect(await renewedAfterAnHour(name)).toBe(true);
    });
  });

  test("redis-semaphore: keeps the lock", async () => {
    const name = fresh();
    const mutex = new Mutex(redis as never, name, { lockTimeout: TTL });
    await mutex.acquire();
    expect(await renewedAfterAnHour(`mutex:${name}`)).toBe(true);
    await mutex.release();
  });

  test("redlock-universal: keeps the lock", async () => {
    const name = fresh();
    await createLock({ adapter: new IoredisAdapter(redis), key: name, ttl: TTL }).using(async () => {
      expect(await renewedAfterAnHour(name)).toBe(true);
    });
  });

  test("holdfast: loses it after maxHold, which is 15 minutes", async () => {
    const name = fresh();
    const began = Date.now();
    const call = createLocks(ioredis(redis)).request(name, { ttl: TTL }, async (lease) => {
      await pass(HOUR, () => lease.signal.aborted);
      expect(Date.now() - began).toBe(15 * 60_000);
      expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "max-hold" });
    });
    expect((await outcome(call)).error).toMatchObject({ code: "LOST" });
    vi.useRealTimers();
    await until(async () => (await redis.exists(`lock:${name}`)) === 0, "it was not given back");
  });
});
