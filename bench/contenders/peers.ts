import { openIoredis, openNodeRedis } from "./clients.ts";
import { type Contender, type Opened, type Place, peer, TTL } from "./contender.ts";

/** Everything is the default of each library, but for this: nobody gives up. */
const FOR_EVER = 1_000_000_000;

function contender(name: string, over: Contender["over"], open: (place: Place) => Promise<Opened>): Contender {
  return { name, over, open };
}

const redlock = contender("redlock", "TCP", async (place) => {
  const { default: Redlock } = await peer("redlock", () => import("redlock"));
  const { client, close } = await openIoredis(place);
  const locks = new Redlock([client], { retryCount: -1 });
  return {
    close,
    async take(name) {
      const lock = await locks.acquire([name], TTL);
      return () => lock.release();
    },
  };
});

const semaphore = contender("redis-semaphore", "TCP", async (place) => {
  const { Mutex } = await peer("redis-semaphore", () => import("redis-semaphore"));
  const { client, close } = await openIoredis(place);
  return {
    close,
    async take(name) {
      const mutex = new Mutex(client, name, { lockTimeout: TTL, acquireTimeout: FOR_EVER });
      await mutex.acquire();
      return () => mutex.release();
    },
  };
});

const universal = contender("redlock-universal", "TCP", async (place) => {
  const { createLock, IoredisAdapter } = await peer("redlock-universal", () => import("redlock-universal"));
  const { client, close } = await openIoredis(place);
  const adapter = new IoredisAdapter(client);
  const locks = new Map<string, ReturnType<typeof createLock>>();
  return {
    close,
    async take(name) {
      const lock = locks.get(name) ?? createLock({ adapter, key: name, ttl: TTL, retryAttempts: FOR_EVER });
      locks.set(name, lock);
      const handle = await lock.acquire();
      return () => lock.release(handle);
    },
  };
});

const simple = contender("simple-redis-mutex", "TCP", async (place) => {
  const { lock } = await peer("simple-redis-mutex", () => import("simple-redis-mutex"));
  const { client, close } = await openNodeRedis(place);
  return { close, take: (name) => lock(client as never, name, { timeout: TTL }) };
});

export const UPSTASH_LOCK = "@upstash/lock";

const upstashLock = contender(UPSTASH_LOCK, "REST", async ({ url, token }) => {
  const { Lock } = await peer("@upstash/lock", () => import("@upstash/lock"));
  const { Redis } = await import("@upstash/redis");
  const redis = new Redis({ url: url as string, token: token as string });
  return {
    close: async () => {},
    async take(name) {
      const lock = new Lock({ redis, id: name, lease: TTL, retry: { attempts: FOR_EVER, delay: 100 } });
      await lock.acquire();
      return () => lock.release();
    },
  };
});

export const PEERS: readonly Contender[] = [redlock, semaphore, universal, simple, upstashLock];
export const TCP_PEERS: readonly string[] = [redlock, semaphore, universal, simple].map(({ name }) => name);
