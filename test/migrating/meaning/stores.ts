import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

export interface Stores {
  server: RedisServer;
  /** Three that share nothing: databases of one server. */
  stores: Redis[];
  client: Redis;
  /** There is no server. */
  down: Redis;
}

/** Filled before the first test of the file. */
export function severalStores(): Stores {
  const all = {} as Stores;
  beforeAll(async () => {
    const server = await startRedis();
    const stores = [0, 1, 2].map((db) => new Redis(server.url, { db }));
    const down = new Redis(1, "127.0.0.1", { maxRetriesPerRequest: 0, retryStrategy: () => 20 });
    down.on("error", () => {});
    Object.assign(all, { server, stores, client: stores[0], down });
  });
  afterAll(async () => {
    for (const each of [...(all.stores ?? []), all.down]) each?.disconnect();
    await all.server?.stop();
  });
  return all;
}
