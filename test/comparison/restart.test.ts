/** Several servers, of which one or two forget a lock. */
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { MANY } from "../migrating/entries/index.ts";
import { ioredisClients } from "../migrating/entry.ts";
import { createRedlock, IoredisAdapter, Redlock4, Redlock5, RedlockMutex } from "../migrating/libraries.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";

noUnhandledRejections();

let servers: RedisServer[] = [];
let own: Awaited<ReturnType<typeof ioredisClients>>;
beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  own = await ioredisClients({ urls: servers.map(({ url }) => url) });
});
afterAll(async () => {
  own?.close();
  await Promise.all(servers.map((server) => server.stop()));
});

let count = 0;
const fresh = () => `restart-${++count}`;
const at = (clients: Redis[], key: string) => Promise.all(clients.map((client) => client.exists(key)));

/** How many servers have the key after an extension, when one had lost it before. */
async function afterExtending(key: string, extend: () => Promise<unknown>): Promise<number[]> {
  // Some go on when the first two have granted.
  await until(async () => (await at(own.clients, key)).every(Boolean), "a server never granted");
  await own.clients[2]?.del(key);
  expect(await at(own.clients, key)).toEqual([1, 1, 0]);
  await extend();
  return at(own.clients, key);
}

describe("an extension, when one server of three has lost the lock", () => {
  test("redlock 5: it stays lost there", async () => {
    const key = fresh();
    const lock = await new Redlock5(own.clients).acquire([key], 60_000);
    expect(await afterExtending(key, () => lock.extend(60_000))).toEqual([1, 1, 0]);
  });

  test("redlock 4: it stays lost there", async () => {
    const key = fresh();
    const lock = await new Redlock4(own.clients).lock(key, 60_000);
    expect(await afterExtending(key, () => lock.extend(60_000))).toEqual([1, 1, 0]);
  });

  test("redlock-universal: it stays lost there", async () => {
    const key = fresh();
    const lock = createRedlock({ adapters: own.clients.map((client) => new IoredisAdapter(client)), key });
    const handle = await lock.acquire();
    expect(await afterExtending(key, () => lock.extend(handle, 60_000))).toEqual([1, 1, 0]);
  });

  test("redis-semaphore, RedlockMutex: it is put back", async () => {
    const key = fresh();
    const options = { lockTimeout: 60_000, refreshInterval: 0 };
    const mutex = new RedlockMutex(own.clients as never, key, options);
    await mutex.acquire();
    const { identifier } = mutex;
    const again = new RedlockMutex(own.clients as never, key, { ...options, identifier, acquiredExternally: true });
    expect(await afterExtending(`mutex:${key}`, () => again.acquire())).toEqual([1, 1, 1]);
  });

  test("holdfast: it is put back", async () => {
    const key = fresh();
    const stores = own.clients.map((client) => ioredis(client));
    const lease = await createLocks(quorum(stores, { maxTtl: 0 }), { prefix: "" }).acquire(key);
    await afterExtending(key, () => lease.extend());
    await until(async () => (await at(own.clients, key)).every(Boolean), "it is not there again");
    await lease.release();
  });
});

describe("a majority that has just started again, without its data", () => {
  test("every other library grants the same lock to a second holder; holdfast grants nothing for a ttl", async () => {
    const name = fresh();
    const urls = servers.map(({ url }) => url);
    const rest = { url: "", token: "" };
    const opened = await Promise.all(MANY.map((entry) => entry.open({ urls, rest })));
    for (const [index, library] of opened.entries())
      expect(await library.take(`${name}-${index}`, 3_600_000)).not.toBeNull();
    for (const library of opened) await library.close();

    for (const index of [0, 1]) {
      const { port, stop } = servers[index] as RedisServer;
      await stop();
      servers[index] = await startRedis({ port });
    }
    const after = await Promise.all(MANY.map((entry) => entry.open({ urls, rest })));
    for (const [index, library] of after.entries()) {
      const second = await library.take(`${name}-${index}`, 3_600_000);
      expect(second, MANY[index]?.library).not.toBeNull();
    }
    for (const library of after) await library.close();

    const { clients, close } = await ioredisClients({ urls });
    const locks = createLocks(quorum(clients.map((client) => ioredis(client))), { ttl: "1h" });
    const error = await failsWith("BACKEND", locks.tryAcquire(name));
    expect(error.message).toContain("running for");
    await locks.close();
    close();
  });
});
