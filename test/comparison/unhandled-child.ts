/** Run by unhandled.test.ts: a process that uses a library as its documentation says. */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { Mutex, mutexLock } from "../migrating/libraries.ts";

const [what, url = "", limited = ""] = process.argv.slice(2);
const name = `unhandled-${process.pid}`;

async function deleteByHand(key: string): Promise<void> {
  const redis = new Redis(url);
  await redis.del(key);
  redis.disconnect();
}

switch (what) {
  case "holdfast, the lock is deleted": {
    const redis = new Redis(url);
    const lease = await createLocks(ioredis(redis)).acquire(name, { ttl: "300ms", renew: true });
    await deleteByHand(`lock:${name}`);
    while (lease.held) await sleep(10);
    redis.disconnect();
    break;
  }
  case "redis-semaphore, the lock is deleted": {
    const redis = new Redis(url);
    const mutex = new Mutex(redis as never, name, { lockTimeout: 300 });
    await mutex.acquire();
    await deleteByHand(`mutex:${name}`);
    while (mutex.isAcquired) await sleep(10);
    redis.disconnect();
    break;
  }
  case "holdfast, Redis refuses": {
    const redis = new Redis(limited);
    const code = await createLocks(ioredis(redis))
      .acquire(name)
      .catch((error) => error.code);
    process.stderr.write(`caught ${code}`);
    redis.disconnect();
    break;
  }
  case "simple-redis-mutex, Redis refuses": {
    const client = createClient({ url: limited });
    client.on("error", () => {});
    await client.connect();
    await mutexLock(client, name, { failAfter: 500 }).catch(() => process.stderr.write("caught"));
    client.destroy();
    break;
  }
}
