import type { Redis } from "ioredis";
import { type Entry, type Held, ioredisClients, PAUSE } from "../entry.ts";
import { Mutex, RedlockMutex } from "../libraries.ts";

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

export const mutex: Entry = semaphore(
  "redis-semaphore 5.8.0, Mutex",
  ([client], key, options) => new Mutex(client as never, key, options),
);

export const redlockMutex: Entry = semaphore(
  "redis-semaphore 5.8.0, RedlockMutex",
  (clients, key, options) => new RedlockMutex(clients as never, key, options),
);
