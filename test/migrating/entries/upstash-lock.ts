import { ENOUGH, type Entry, type Held, PAUSE } from "../entry.ts";
import { UpstashLock, UpstashRedis } from "../libraries.ts";

export const upstash: Entry = {
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
