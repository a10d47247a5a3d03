import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks, type LockEvent, type Locks } from "../../src/index.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import { ioredisClients } from "./entry.ts";
import {
  createLock,
  IoredisAdapter,
  LockManager,
  MultiSemaphore,
  mutexLock,
  Redlock4,
  Redlock5,
  Semaphore,
} from "./libraries.ts";

noUnhandledRejections();

let own: Awaited<ReturnType<typeof ioredisClients>>;
let client: Redis;
let ours: Locks;
beforeAll(async () => {
  own = await ioredisClients({ urls: [inject("redisUrl")] });
  client = own.clients[0] as Redis;
  ours = createLocks(ioredis(client), { prefix: "" });
});
afterAll(() => own?.close());
const fresh = () => `formats-${process.pid}-${Math.random().toString(36).slice(2)}`;

describe.concurrent("a semaphore of redis-semaphore is a sorted set, and excludes nothing of ours", () => {
  const make = {
    Semaphore: (key: string) => new Semaphore(client as never, key, 1, { acquireTimeout: 500 }),
    MultiSemaphore: (key: string) => new MultiSemaphore(client as never, key, 2, 2, { acquireTimeout: 500 }),
  };

  for (const [kind, open] of Object.entries(make)) {
    test(`${kind} on a name: the same name is free for a lock`, async () => {
      const key = fresh();
      const theirs = open(key);
      await theirs.acquire();
      const lease = await createLocks(ioredis(client), { prefix: "mutex:" }).tryAcquire(key);
      expect(lease?.held).toBe(true);
      await lease?.release();
      await theirs.release();
    });

    test(`${kind} on a key, and a lock on the same key: both are told that it is of another kind`, async () => {
      const key = fresh();
      const theirs = open(key);
      await theirs.acquire();
      const error = await failsWith("BACKEND", ours.tryAcquire(`semaphore:${key}`));
      expect(error.message).toContain("WRONGTYPE");
      await theirs.release();

      const lease = await ours.acquire(`semaphore:${key}`);
      await expect(open(key).acquire()).rejects.toThrow("WRONGTYPE");
      expect(await lease.release()).toBe(true);
    });
  }
});

describe.concurrent("several names in one lock of theirs exclude each of these names", () => {
  test("redlock: refused when we hold one, and then we have the others", async () => {
    const [a, b] = [fresh(), fresh()];
    const redlock = new Redlock5([client], { retryCount: 0 });
    const lease = await ours.acquire(b);
    await expect(redlock.acquire([a, b], 10_000)).rejects.toThrow("quorum");
    expect(await ours.query(a)).toMatchObject({ held: false });
    await lease.release();
    const lock = await redlock.acquire([a, b], 10_000);
    expect(await ours.tryAcquire(a)).toBeNull();
    expect(await ours.tryAcquire(b)).toBeNull();
    await lock.release();
  });

  test("redlock-universal: the same for acquireBatch", async () => {
    const [a, b] = [fresh(), fresh()];
    const manager = new LockManager({ nodes: [new IoredisAdapter(client)], defaultRetryAttempts: 0 });
    const lease = await ours.acquire(b);
    await expect(manager.acquireBatch([a, b])).rejects.toThrow("already locked");
    expect(await ours.query(a)).toMatchObject({ held: false });
    await lease.release();
    const handles = await manager.acquireBatch([a, b]);
    expect(await ours.tryAcquire(a)).toBeNull();
    expect(await ours.tryAcquire(b)).toBeNull();
    await manager.releaseBatch(handles);
    expect(await ours.query(b)).toMatchObject({ held: false });
  });
});

test("redlock 4 and redlock 5 exclude each other", async () => {
  const name = fresh();
  const [four, five] = [new Redlock4([client], { retryCount: 0 }), new Redlock5([client], { retryCount: 0 })];
  const first = await four.lock(name, 10_000);
  await expect(five.acquire([name], 10_000)).rejects.toThrow("quorum");
  await first.unlock();
  const second = await five.acquire([name], 10_000);
  await expect(four.lock(name, 10_000)).rejects.toThrow("Exceeded");
  await second.release();
});

test("a keyPrefix of redlock-universal's adapter is part of the key", async () => {
  const name = fresh();
  const lock = createLock({ adapter: new IoredisAdapter(client, { keyPrefix: "app:" }), key: name, ttl: 10_000 });
  const handle = await lock.acquire();
  expect(await createLocks(ioredis(client), { prefix: "app:" }).tryAcquire(name)).toBeNull();
  await lock.release(handle);
});

describe("a waiter of simple-redis-mutex", () => {
  const CHANNEL = "@simple-redis-mutex:locks-releases";
  const PREFIX = "@simple-redis-mutex:lock-";

  /** Its waiter, whose polling is off: only a message wakes it. */
  async function waiterFor(name: string): Promise<{ waiting: Promise<"got it">; close(): Promise<void> }> {
    const theirs = createClient({ url: inject("redisUrl") });
    theirs.on("error", () => {});
    await theirs.connect();
    const waiting = mutexLock(theirs, name, { pollingInterval: null as never }).then(async (release) => {
      await release();
      return "got it" as const;
    });
    await expect.poll(async () => (await client.pubsub("NUMSUB", CHANNEL))[1]).toBeGreaterThan(0);
    await sleep(100);
    return { waiting, close: async () => void (await theirs.close()) };
  }

  test("does not hear of our release; it does if we publish it", async () => {
    const name = fresh();
    const onEvent = ({ type, name }: LockEvent) => {
      if (type === "released") void client.publish(CHANNEL, JSON.stringify({ key: PREFIX + name, value: "" }));
    };
    const silent = createLocks(ioredis(client), { prefix: PREFIX });
    const telling = createLocks(ioredis(client), { prefix: PREFIX, onEvent });

    const first = await silent.acquire(name, { ttl: "1m" });
    const waiter = await waiterFor(name);
    await first.release();
    expect(await Promise.race([waiter.waiting, sleep(200, "still waiting")])).toBe("still waiting");

    const second = await telling.acquire(name, { ttl: "1m" });
    await second.release();
    expect(await waiter.waiting).toBe("got it");
    await waiter.close();
  });
});
