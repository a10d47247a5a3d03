import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import {
  createLock,
  createRedlock,
  IoredisAdapter,
  Mutex,
  Redlock4,
  Redlock5,
  RedlockMutex,
  TimeoutError,
  tryLock,
  UpstashLock,
  UpstashRedis,
} from "../migrating/libraries.ts";
import { noUnhandledRejections, outcome } from "../support/outcome.ts";
import { freePort } from "../support/redis-process.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";

noUnhandledRejections();

/** There is a server. */
let up: Redis;
/** There is none. */
let down: Redis;
let nowhere: number;
let rest: RestServer;
beforeAll(async () => {
  nowhere = await freePort();
  up = new Redis(inject("redisUrl"));
  down = new Redis(nowhere, "127.0.0.1", { maxRetriesPerRequest: 0, retryStrategy: () => 20 });
  down.on("error", () => {});
  rest = await startRestServer({ redisUrl: inject("redisUrl") });
});
afterAll(async () => {
  up.disconnect();
  down.disconnect();
  await rest?.close();
});

/** What a caller can tell apart: the class, the code, the message without the name of the lock. */
async function failure(name: string, call: Promise<unknown>) {
  const { value, error } = await outcome(call);
  if (!(error instanceof Error)) return { value };
  const { code } = error as { code?: string };
  return { class: error.constructor.name, code, message: error.message.replaceAll(name, "…") };
}

/** The failure when another holds the lock, and the one when there is no Redis. */
async function both(open: (client: Redis, name: string) => Promise<unknown>, prefix = "") {
  const name = `outage-${process.pid}-${Math.random().toString(36).slice(2)}`;
  await up.set(prefix + name, "another", "PX", 60_000);
  const busy = await failure(name, open(up, name));
  const outage = await failure(name, open(down, name));
  await up.del(prefix + name);
  return { busy, outage };
}

describe.concurrent("busy and outage", () => {
  test("holdfast: TIMEOUT and BACKEND", async () => {
    const open = (client: Redis, name: string) => createLocks(ioredis(client)).acquire(name, { wait: 0 });
    const { busy, outage } = await both(open, "lock:");
    expect([busy.code, outage.code]).toEqual(["TIMEOUT", "BACKEND"]);
  });

  test("redlock 5: one error for both, word for word", async () => {
    const open = (client: Redis, name: string) => new Redlock5([client], { retryCount: 0 }).acquire([name], 1000);
    const { busy, outage } = await both(open);
    expect(busy.class).toBe("ExecutionError");
    expect(outage).toEqual(busy);
  });

  test("redlock 4: one error for both, word for word", async () => {
    const open = (client: Redis, name: string) => new Redlock4([client], { retryCount: 0 }).lock(name, 1000);
    const { busy, outage } = await both(open);
    expect(busy.class).toBe("LockError");
    expect(outage).toEqual(busy);
  });

  test("redis-semaphore, RedlockMutex: a TimeoutError for both, word for word", async () => {
    const open = (client: Redis, name: string) =>
      new RedlockMutex([client as never], name, { acquireAttemptsLimit: 1 }).acquire().catch((error: unknown) => {
        expect(error).toBeInstanceOf(TimeoutError);
        throw error;
      });
    const { busy, outage } = await both(open, "mutex:");
    expect(busy.message).toContain("timeout");
    expect(outage).toEqual(busy);
  });

  test("redlock-universal: one class and code for both; the message differs for one server, not for several", async () => {
    const options = { ttl: 1000, retryAttempts: 0, circuitBreaker: false };
    const one = await both((client, key) =>
      createLock({ adapter: new IoredisAdapter(client), key, ...options }).acquire(),
    );
    expect([one.busy.class, one.busy.code]).toEqual([one.outage.class, one.outage.code]);
    expect(one.outage.message).not.toBe(one.busy.message);

    const many = await both((client, key) =>
      createRedlock({ adapters: [new IoredisAdapter(client)], key, ...options }).acquire(),
    );
    expect(many.outage).toEqual(many.busy);
  });

  test("redlock-universal: isLocked says false during an outage", async () => {
    const { busy, outage } = await both((client, key) =>
      createLock({ adapter: new IoredisAdapter(client), key }).isLocked(key),
    );
    expect([busy.value, outage.value]).toEqual([true, false]);
  });

  test("redis-semaphore, Mutex: a TimeoutError when busy, the client's error during an outage", async () => {
    const open = (client: Redis, name: string) =>
      new Mutex(client as never, name, { acquireAttemptsLimit: 1 }).acquire();
    const { busy, outage } = await both(open, "mutex:");
    expect(outage.class).not.toBe(busy.class);
  });

  test("simple-redis-mutex, tryLock: false when busy, the client's error during an outage", async () => {
    const client = createClient({ url: inject("redisUrl") });
    client.on("error", () => {});
    await client.connect();
    const name = `outage-simple-${process.pid}`;
    const [, release] = await tryLock(client, name);
    expect((await tryLock(client, name))[0]).toBe(false);
    await release();
    client.destroy();
    await expect(tryLock(client, name)).rejects.toThrow();
  });

  test("@upstash/lock: false when busy, the client's error during an outage", async () => {
    const retry = { attempts: 1, delay: 0 };
    const id = `outage-upstash-${process.pid}`;
    await up.set(id, "another", "PX", 60_000);
    const away = { url: `http://127.0.0.1:${nowhere}`, token: "x", retry: { retries: 0 } };
    expect(await new UpstashLock({ id, redis: new UpstashRedis(rest), retry }).acquire()).toBe(false);
    await expect(new UpstashLock({ id, redis: new UpstashRedis(away), retry }).acquire()).rejects.toThrow();
  });

  test("@upstash/lock: getStatus says FREE of a lock that another holds", async () => {
    const id = `status-upstash-${process.pid}`;
    await up.set(id, "another", "PX", 60_000);
    expect(await new UpstashLock({ id, redis: new UpstashRedis(rest) }).getStatus()).toBe("FREE");
  });
});
