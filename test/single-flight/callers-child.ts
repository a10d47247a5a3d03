/**
 * A process with many callers of one flight. Takes the address of Redis, the prefix, the name, how many callers, and
 * "share" or "apart". Says when it is ready, begins at a line, prints what its callers got.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { singleFlight } from "../../src/single-flight.ts";

const [url = "", prefix = "", name = "", callers = "", how = ""] = process.argv.slice(2);
const redis = new Redis(url);
const locks = createLocks(ioredis(redis), { prefix, wait: "60s", retry: { min: 200 } });
await redis.ping();
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.pause();

const call = () =>
  singleFlight(locks, name, { keep: "1m", share: how === "share" }, async () => {
    await sleep(300);
    return { pid: process.pid, count: await redis.incr(`${prefix}computed:${name}`) };
  });
const results = await Promise.all(Array.from({ length: Number(callers) }, call));
process.stdout.write(`${JSON.stringify(results)}\n`);
redis.disconnect();
