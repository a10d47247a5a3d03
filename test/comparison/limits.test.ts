/** What the others do and holdfast does not. */
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { SINGLE } from "../migrating/entries/index.ts";
import { ioredisClients } from "../migrating/entry.ts";
import {
  createLock,
  createRedlock,
  IoredisAdapter,
  Mutex,
  Redlock4,
  Redlock5,
  UpstashLock,
  UpstashRedis,
} from "../migrating/libraries.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";

noUnhandledRejections();

/** Its own, where every key is seen, and every command counted. */
let server: RedisServer;
let rest: RestServer;
let own: Awaited<ReturnType<typeof ioredisClients>>;
let redis: Redis;
let locks: Locks;
beforeAll(async () => {
  server = await startRedis();
  rest = await startRestServer({ redisUrl: server.url });
  own = await ioredisClients({ urls: [server.url] });
  redis = own.clients[0] as Redis;
  locks = createLocks(ioredis(redis));
});
afterAll(async () => {
  own?.close();
  await rest?.close();
  await server?.stop();
});

let count = 0;
const fresh = () => `limits-${++count}`;
const HOUR = 3_600_000;
const WEEK = 168 * HOUR;

describe("a ttl of a week", () => {
  test.for(SINGLE.filter(({ library }) => !library.startsWith("redlock-universal")))(
    "$library: granted",
    async ({ prefix, open }) => {
      const name = fresh();
      const library = await open({ urls: [server.url], rest });
      const held = await library.take(name, WEEK);
      expect(await redis.pttl(prefix + name)).toBeGreaterThan(WEEK / 2);
      await held?.release();
      await library.close();
    },
  );

  test("holdfast: refused", async () => {
    expect((await failsWith("OPTIONS", locks.acquire(fresh(), { ttl: WEEK }))).message).toContain(
      "from 20 to 86400000",
    );
  });
});

describe("an extension to less than the time left", () => {
  const LESS = 5000;

  test("redlock 5 and 4, redis-semaphore, redlock-universal: shortens it", async () => {
    const [five, four, semaphore, universal] = [fresh(), fresh(), fresh(), fresh()];
    await (await new Redlock5([redis]).acquire([five], HOUR)).extend(LESS);
    await (await new Redlock4([redis]).lock(four, HOUR)).extend(LESS);
    const mutex = new Mutex(redis as never, semaphore, { lockTimeout: HOUR, refreshInterval: 0 });
    await mutex.acquire();
    const { identifier } = mutex;
    const options = { lockTimeout: LESS, refreshInterval: 0, identifier, acquiredExternally: true as const };
    await new Mutex(redis as never, semaphore, options).acquire();
    const lock = createLock({ adapter: new IoredisAdapter(redis), key: universal, ttl: HOUR });
    await lock.extend(await lock.acquire(), LESS);
    for (const key of [five, four, `mutex:${semaphore}`, universal]) {
      expect(await redis.pttl(key), key).toBeLessThanOrEqual(LESS);
    }
  });

  test("holdfast: leaves it", async () => {
    const lease = await locks.acquire(fresh(), { ttl: "1h" });
    await lease.extend(LESS);
    expect(await redis.pttl(`lock:${lease.name}`)).toBeGreaterThan(LESS);
    await lease.release();
  });
});

describe("what is in Redis after the release", () => {
  async function left(cycle: () => Promise<unknown>): Promise<string[]> {
    await redis.flushall();
    await cycle();
    return redis.keys("*");
  }

  test.for(SINGLE.filter(({ library }) => !library.startsWith("simple")))("$library: nothing", async ({ open }) => {
    const library = await open({ urls: [server.url], rest });
    expect(await left(async () => (await library.take("a", 60_000))?.release())).toEqual([]);
    await library.close();
  });

  test("holdfast: a record of the fences, which expires by itself", async () => {
    expect(await left(async () => (await locks.acquire("a")).release())).toEqual(["fence.7t5:lock:a"]);
    expect(await redis.pttl("fence.7t5:lock:a")).toBeGreaterThan(0);
    expect(await left(async () => (await locks.acquire("a", { fence: false })).release())).toEqual([]);
  });
});

test("@upstash/lock: a cycle is billed as 4 commands, and a failed attempt as 1; of holdfast 6, or 2 without a fence, and 2", async () => {
  const ours = createLocks(upstash(rest));
  const lock = new UpstashLock({ id: "billed", redis: new UpstashRedis(rest), retry: { attempts: 1, delay: 0 } });
  const billed = async (work: () => Promise<unknown>) => (await rest.countBilled(work)).billed;
  expect(await billed(() => lock.acquire().then(() => lock.release()))).toBe(4);
  expect(await billed(() => ours.acquire("a").then((lease) => lease.release()))).toBe(6);
  expect(await billed(() => ours.acquire("a", { fence: false }).then((lease) => lease.release()))).toBe(2);
  await Promise.all([redis.set("billed", "another"), redis.set("lock:billed", "another", "PX", 60_000)]);
  expect(await billed(() => lock.acquire())).toBe(1);
  expect(await billed(() => ours.tryAcquire("billed"))).toBeGreaterThan(1);
});

test("redlock 5, redlock-universal: a drift factor of your own", async () => {
  const began = Date.now();
  const lock = await new Redlock5([redis], { driftFactor: 0.5 }).acquire([fresh()], 60_000);
  expect(lock.expiration).toBeLessThan(began + 45_000);
  await lock.release();
  const adapters = [new IoredisAdapter(redis)];
  const all = createRedlock({ adapters, key: fresh(), ttl: 1000, retryAttempts: 0, clockDriftFactor: 0.9999 });
  await expect(all.acquire()).rejects.toThrow("quorum");
});

test("redis-semaphore, @upstash/lock: a token of your own", async () => {
  const key = fresh();
  const mutex = new Mutex(redis as never, key, { identifier: "mine", refreshInterval: 0 });
  const lock = new UpstashLock({ id: fresh(), redis: new UpstashRedis(rest) });
  await Promise.all([mutex.acquire(), lock.acquire({ uuid: "mine" })]);
  expect(await redis.mget(`mutex:${key}`, lock.id)).toEqual(["mine", "mine"]);
  await Promise.all([mutex.release(), lock.release()]);
});
