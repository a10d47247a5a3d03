import type { Redis } from "ioredis";
import { createClient } from "redis";
import { ENOUGH, type Entry, type Held, ioredisClients, type Library, orNull, PAUSE } from "../entry.ts";
import { createLock, createRedlock, IoredisAdapter, NodeRedisAdapter } from "../libraries.ts";

interface UniversalLock {
  acquire(): Promise<UniversalHandle>;
  release(handle: UniversalHandle): Promise<boolean>;
  extend(handle: UniversalHandle, ttl: number): Promise<boolean>;
  using<T>(routine: () => Promise<T>): Promise<T>;
}
type UniversalHandle = Awaited<ReturnType<ReturnType<typeof createLock>["acquire"]>>;
type UniversalOptions = { key: string; ttl: number; retryAttempts: number; retryDelay: number };

function universal(close: () => void, make: (options: UniversalOptions) => UniversalLock): Library {
  async function acquire(lock: UniversalLock): Promise<Held> {
    const handle = await lock.acquire();
    return { release: () => lock.release(handle), extend: (ms) => lock.extend(handle, ms) };
  }
  return {
    take: (key, ttl) =>
      orNull(acquire(make({ key, ttl, retryAttempts: 0, retryDelay: 0 })), /already held|quorum not achieved/),
    wait: (key, ttl) => acquire(make({ key, ttl, retryAttempts: ENOUGH, retryDelay: PAUSE })),
    renewing: (key, ttl, work) => make({ key, ttl, retryAttempts: 0, retryDelay: 0 }).using(work),
    close: async () => close(),
  };
}

export const universalSimple: Entry = {
  library: "redlock-universal 0.8.5, createLock",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const adapter = new IoredisAdapter(clients[0] as Redis);
    return universal(close, (options) => createLock({ adapter, ...options }));
  },
};

export const universalRedlock: Entry = {
  library: "redlock-universal 0.8.5, createRedlock",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const adapters = clients.map((client) => new IoredisAdapter(client));
    return universal(close, (options) => createRedlock({ adapters, ...options }));
  },
};

export const universalNodeRedis: Entry = {
  library: "redlock-universal 0.8.5, createLock over node-redis",
  prefix: "",
  async open({ urls: [url] }) {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    const adapter = new NodeRedisAdapter(client as never);
    return universal(
      () => client.destroy(),
      (options) => createLock({ adapter, ...options }),
    );
  },
};
