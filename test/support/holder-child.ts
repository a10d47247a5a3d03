/**
 * A process that takes a lock, says so, and holds it until it is killed. Takes the address of Redis, the prefix, the
 * name and the ttl in milliseconds.
 */
import { Redis } from "ioredis";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";

const [url = "", prefix = "", name = "", ttl = ""] = process.argv.slice(2);
const locks = createLocks(ioredis(new Redis(url)), { prefix, ttl: Number(ttl), owner: "the killed one" });
await locks.request(name, async (lease) => {
  process.stdout.write(`${lease.fence}\n`);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
