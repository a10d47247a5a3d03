/**
 * The libraries that lock by `SET NX` on a key, each behind the same few calls, so that one suite tries them all. Also
 * the only file that imports them: theirs are in this folder's node_modules.
 */
import { Lock as UpstashLock } from "@upstash/lock";
import { Redis as UpstashRedis } from "@upstash/redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { Mutex, RedlockMutex } from "redis-semaphore";
import Redlock4, { type Lock as Lock4 } from "redlock4";
import Redlock5, { type Lock as Lock5 } from "redlock5";
import { lock as mutexLock, tryLock } from "simple-redis-mutex";
import { createLock, createRedlock, IoredisAdapter, NodeRedisAdapter } from "universal";

export { MultiSemaphore, Semaphore, TimeoutError } from "redis-semaphore";
export { ExecutionError } from "redlock5";
export { createLock, createRedlock, IoredisAdapter, LockAcquisitionError, LockManager } from "universal";
export { Mutex, mutexLock, Redlock4, Redlock5, RedlockMutex, tryLock, UpstashLock, UpstashRedis };

/** A lock of theirs. */
export interface Held {
  release(): Promise<unknown>;
  /** For so many milliseconds from now on, or more. */
  extend?(ms: number): Promise<unknown>;
}

/** A library with its clients. */
export interface Library {
  /** One attempt: `null` when it was told, in whatever way, that it has not got the lock. */
  take(name: string, ttl: number): Promise<Held | null>;
  /** Waits, with pauses of 20 ms where they can be set. */
  wait(name: string, ttl: number): Promise<Held>;
  /** Holds the lock with the library's own renewal while `work` runs, if it has renewal. */
  renewing?(name: string, ttl: number, work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Where the servers are: Redis by TCP, one or three of them, and one of them by REST. */
export interface Servers {
  urls: string[];
  rest: { url: string; token: string };
}

export interface Entry {
  library: string;
  /** What it puts before a name. */
  prefix: string;
  open(servers: Servers): Promise<Library>;
}

const PAUSE = 20;
const ENOUGH = 500;

export async function ioredisClients({ urls }: Pick<Servers, "urls">): Promise<{ clients: Redis[]; close(): void }> {
  const clients = urls.map((url) => new Redis(url));
  for (const client of clients) client.on("error", () => {});
  await Promise.all(clients.map((client) => client.ping()));
  return { clients, close: () => clients.forEach((client) => void client.disconnect()) };
}

/** A rejection that says no, as `null`; any other passes. */
async function orNull<T>(taking: Promise<T>, saysNo: RegExp): Promise<T | null> {
  try {
    return await taking;
  } catch (error) {
    if (!saysNo.test(String((error as Error).message))) throw error;
    return null;
  }
}

const redlock4: Entry = {
  library: "redlock 4.2.0",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const once = new Redlock4(clients, { retryCount: 0 });
    const patient = new Redlock4(clients, { retryCount: ENOUGH, retryDelay: PAUSE, retryJitter: 5 });
    const held = (lock: Lock4): Held => ({ release: () => lock.unlock(), extend: (ms) => lock.extend(ms) });
    return {
      take: async (name, ttl) => orNull(once.lock(name, ttl).then(held), /Exceeded 0 attempts/),
      wait: async (name, ttl) => held(await patient.lock(name, ttl)),
      close: async () => close(),
    };
  },
};

const redlock5: Entry = {
  library: "redlock 5.0.0-beta.2",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const once = new Redlock5(clients, { retryCount: 0 });
    const patient = new Redlock5(clients, { retryCount: ENOUGH, retryDelay: PAUSE, retryJitter: 5 });
    const renewer = new Redlock5(clients, { retryCount: 0, automaticExtensionThreshold: 1500 });
    const held = (lock: Lock5): Held => ({ release: () => lock.release(), extend: (ms) => lock.extend(ms) });
    return {
      take: async (name, ttl) => orNull(once.acquire([name], ttl).then(held), /unable to achieve a quorum/),
      wait: async (name, ttl) => held(await patient.acquire([name], ttl)),
      renewing: (name, ttl, work) => renewer.using([name], ttl, work),
      close: async () => close(),
    };
  },
};

function semaphore(
  name: string,
  make: (clients: Redis[], key: string, options: object) => Mutex | RedlockMutex,
): Entry {
  return {
    library: name,
    prefix: "mutex:",
    async open(servers) {
      const { clients, close } = await ioredisClients(servers);
      /** To extend is to say of another object that it has the lock already. */
      const held = (key: string, mutex: Mutex | RedlockMutex): Held => ({
        release: () => mutex.release(),
        extend(lockTimeout) {
          const { identifier } = mutex;
          return make(clients, key, {
            lockTimeout,
            identifier,
            acquiredExternally: true,
            refreshInterval: 0,
          }).acquire();
        },
      });
      return {
        async take(key, lockTimeout) {
          const mutex = make(clients, key, { lockTimeout, refreshInterval: 0, acquireAttemptsLimit: 1 });
          return (await mutex.tryAcquire()) ? held(key, mutex) : null;
        },
        async wait(key, lockTimeout) {
          const mutex = make(clients, key, { lockTimeout, refreshInterval: 0, retryInterval: PAUSE });
          await mutex.acquire();
          return held(key, mutex);
        },
        async renewing(key, lockTimeout, work) {
          const mutex = make(clients, key, { lockTimeout, refreshInterval: lockTimeout / 3 });
          await mutex.acquire();
          await work().finally(() => mutex.release());
        },
        close: async () => close(),
      };
    },
  };
}

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

const universalSimple: Entry = {
  library: "redlock-universal 0.8.5, createLock",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const adapter = new IoredisAdapter(clients[0] as Redis);
    return universal(close, (options) => createLock({ adapter, ...options }));
  },
};

const universalRedlock: Entry = {
  library: "redlock-universal 0.8.5, createRedlock",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const adapters = clients.map((client) => new IoredisAdapter(client));
    return universal(close, (options) => createRedlock({ adapters, ...options }));
  },
};

const universalNodeRedis: Entry = {
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

const upstash: Entry = {
  library: "@upstash/lock 0.2.1",
  prefix: "",
  async open({ rest }) {
    const redis = new UpstashRedis(rest);
    const make = (id: string, lease: number, attempts: number) =>
      new UpstashLock({ id, redis, lease, retry: { attempts, delay: PAUSE } });
    const held = (lock: UpstashLock): Held => ({
      release: () => lock.release(),
      extend: (ms) => lock.extend(Math.ceil(ms / 1000) * 1000),
    });
    return {
      async take(name, ttl) {
        const lock = make(name, ttl, 1);
        return (await lock.acquire()) ? held(lock) : null;
      },
      async wait(name, ttl) {
        const lock = make(name, ttl, ENOUGH);
        if (!(await lock.acquire())) throw new Error("did not get it");
        return held(lock);
      },
      close: async () => {},
    };
  },
};

const simple: Entry = {
  library: "simple-redis-mutex 3.0.0",
  prefix: "@simple-redis-mutex:lock-",
  async open({ urls: [url] }) {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    return {
      async take(name, timeout) {
        const [got, release] = await tryLock(client, name, { timeout });
        return got ? { release, extend: release.refreshTimeout } : null;
      },
      async wait(name, timeout) {
        const release = await mutexLock(client, name, { timeout, pollingInterval: PAUSE });
        return { release, extend: release.refreshTimeout };
      },
      async close() {
        await client.close();
      },
    };
  },
};

/** Over one server. */
export const SINGLE: Entry[] = [
  redlock4,
  redlock5,
  semaphore("redis-semaphore 5.8.0, Mutex", ([client], key, options) => new Mutex(client as never, key, options)),
  universalSimple,
  universalNodeRedis,
  upstash,
  simple,
];

/** Over several. */
export const MANY: Entry[] = [
  redlock4,
  redlock5,
  semaphore(
    "redis-semaphore 5.8.0, RedlockMutex",
    (clients, key, options) => new RedlockMutex(clients as never, key, options),
  ),
  universalRedlock,
];
