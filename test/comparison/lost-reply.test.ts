import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import {
  createLock,
  createRedlock,
  ExecutionError,
  IoredisAdapter,
  LockAcquisitionError,
  Mutex,
  Redlock4,
  Redlock5,
  RedlockMutex,
  tryLock,
  UpstashLock,
  UpstashRedis,
} from "../migrating/libraries.ts";
import { noUnhandledRejections, type Outcome, outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

noUnhandledRejections();

/** Our own, because another test makes a shared one forget scripts. */
let server: RedisServer;
/** To look at it past all faults. */
let redis: Redis;
let rest: RestServer;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  rest = await startRestServer({ redisUrl: server.url });
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await rest?.close();
  await server?.stop();
});
const fresh = () => `lost-reply-${process.pid}-${Math.random().toString(36).slice(2)}`;

/** Breaks the connection when Redis has granted the key to this call, and before the reply is there. */
async function losing<T>(proxy: TcpProxy, key: string, call: () => Promise<T>): Promise<Outcome<T>> {
  proxy.blackhole(true, "replies");
  const over = outcome(call());
  await until(async () => (await redis.exists(key)) === 1, "it never granted the key");
  proxy.cut();
  proxy.blackhole(false);
  return over;
}

async function withIoredis<T>(work: (client: Redis, proxy: TcpProxy) => Promise<T>): Promise<T> {
  const proxy = await startTcpProxy(server.port, server.host);
  const client = new Redis(proxy.url, { retryStrategy: () => 10 });
  client.on("error", () => {});
  await client.ping();
  try {
    return await work(client, proxy);
  } finally {
    client.disconnect();
    await proxy.close();
  }
}

describe.concurrent("the reply to the grant is lost over TCP (ioredis sends again, as it does by default)", () => {
  test("holdfast: granted", () =>
    withIoredis(async (client, proxy) => {
      const name = fresh();
      const locks = createLocks(ioredis(client));
      await (await locks.acquire(name)).release();
      const { value: lease } = await losing(proxy, `lock:${name}`, () => locks.acquire(name));
      expect(await redis.get(`lock:${name}`)).toBe(lease?.token);
      expect(await lease?.release()).toBe(true);
    }));

  test("redlock 5: waits for itself until its retries end, then fails and cleans up", () =>
    withIoredis(async (client, proxy) => {
      const name = fresh();
      const redlock = new Redlock5([client], { retryCount: 5, retryDelay: 40 });
      // So that Redis knows its scripts, and the first thing it sends is the grant.
      await (await redlock.acquire([name], 60_000)).release();
      const { error } = await losing(proxy, name, () => redlock.acquire([name], 60_000));
      expect(error).toBeInstanceOf(ExecutionError);
      expect(await redis.get(name)).toBeNull();
    }));

  test("redlock 4: gives back what it may have got, and gets it in the next attempt", () =>
    withIoredis(async (client, proxy) => {
      const name = fresh();
      const redlock = new Redlock4([client], { retryCount: 5, retryDelay: 20, retryJitter: 0 });
      await (await redlock.lock(name, 60_000)).unlock();
      const { value: lock } = await losing(proxy, name, () => redlock.lock(name, 60_000));
      expect(await redis.get(name)).toBe(lock?.value);
      await lock?.unlock();
    }));

  test("redis-semaphore, Mutex: says false, and the key keeps its token for the ttl", () =>
    withIoredis(async (client, proxy) => {
      const name = fresh();
      const mutex = new Mutex(client as never, name, { lockTimeout: 60_000, acquireTimeout: 400 });
      expect(await losing(proxy, `mutex:${name}`, () => mutex.tryAcquire())).toMatchObject({ value: false });
      await mutex.release();
      expect(await redis.get(`mutex:${name}`)).toBe(mutex.identifier);
      expect(await redis.pttl(`mutex:${name}`)).toBeGreaterThan(30_000);
    }));

  test("redis-semaphore, RedlockMutex: gives back what it may have got, and gets it in the next attempt", () =>
    withIoredis(async (client, proxy) => {
      const name = fresh();
      const mutex = new RedlockMutex([client as never], name, { lockTimeout: 60_000 });
      expect(await losing(proxy, `mutex:${name}`, () => mutex.tryAcquire())).toMatchObject({ value: true });
      await mutex.release();
    }));

  test("redlock-universal: fails as held, and the key keeps its token for the ttl", () =>
    withIoredis(async (client, proxy) => {
      const adapter = new IoredisAdapter(client);
      for (const make of [
        (key: string) => createLock({ adapter, key, ttl: 60_000, retryDelay: 20, circuitBreaker: false }),
        (key: string) => createRedlock({ adapters: [adapter], key, ttl: 60_000, retryDelay: 20 }),
      ]) {
        const name = fresh();
        const { error } = await losing(proxy, name, () => make(name).acquire());
        expect(error).toBeInstanceOf(LockAcquisitionError);
        expect((error as Error).message).toMatch(/already held|quorum not achieved: 0\/1/);
        expect(await redis.pttl(name)).toBeGreaterThan(30_000);
      }
    }));

  test("simple-redis-mutex: rejects, and the key keeps its token for the ttl", async () => {
    const proxy = await startTcpProxy(server.port, server.host);
    const client = createClient({ url: proxy.url });
    client.on("error", () => {});
    await client.connect();
    // Its second connection, for messages, is not the one that breaks.
    client.duplicate = () => createClient({ url: server.url }) as never;
    const name = fresh();
    const key = `@simple-redis-mutex:lock-${name}`;
    const [, release] = await tryLock(client, fresh());
    await release();
    expect((await losing(proxy, key, () => tryLock(client, name, { timeout: 60_000 }))).error).toBeInstanceOf(Error);
    expect(await redis.pttl(key)).toBeGreaterThan(30_000);
    await client.close();
    await proxy.close();
  });
});

describe.concurrent("the reply to the grant is lost over REST", () => {
  const lose = (name: string) =>
    rest.faults.next("dropReply", { when: (command) => command.some((part) => part.endsWith(name)) });

  test("holdfast: granted", async () => {
    const name = fresh();
    const locks = createLocks(upstash(rest));
    lose(name);
    const lease = await locks.acquire(name);
    expect(await redis.get(`lock:${name}`)).toBe(lease.token);
    expect(await lease.release()).toBe(true);
  });

  test("@upstash/lock: says false, and the key keeps its token for the lease", async () => {
    const name = fresh();
    const lock = new UpstashLock({ id: name, redis: new UpstashRedis(rest), lease: 60_000 });
    lose(name);
    expect(await lock.acquire()).toBe(false);
    expect(await lock.release()).toBe(false);
    expect(await redis.pttl(name)).toBeGreaterThan(30_000);
  });
});
