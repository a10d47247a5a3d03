/**
 * A process that waits in line for locks, over the client that it is told. Each line of its input is an {@link Order};
 * it says what became of it, a line for each event. Arguments: the client, the address, the token of REST, the prefix.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { upstash } from "../../adapters/upstash.ts";
import type { AcquireOptions, Transport } from "../../src/index.ts";
import { createLocks } from "../../src/index.ts";

/** Takes the lock in line, holds it for so many milliseconds, and releases it. */
export interface Order {
  id: string;
  name: string;
  hold: number;
  options?: AcquireOptions;
}

/** What it says. The times are by the wall clock: just after the grant, just before the release. */
export interface Said {
  id: string;
  event: "ready" | "granted" | "released" | "failed";
  at: number;
  fence?: number;
  error?: string;
}

const [kind = "", url = "", token = "", prefix = ""] = process.argv.slice(2);

async function transport(): Promise<Transport> {
  if (kind === "ioredis") return ioredis(new Redis(url));
  if (kind === "node-redis") return nodeRedis(await createClient({ url }).connect());
  return upstash({ url, token });
}

const say = (said: Omit<Said, "at">) => process.stdout.write(`${JSON.stringify({ ...said, at: Date.now() })}\n`);
const locks = createLocks(await transport(), { prefix, fair: true, wait: "1m", ttl: "10s", renew: true });

async function run({ id, name, hold, options }: Order): Promise<void> {
  try {
    const lease = await locks.acquire(name, { owner: id, ...options });
    say({ id, event: "granted", fence: lease.fence });
    await sleep(hold);
    say({ id, event: "released" });
    await lease.release();
  } catch (error) {
    say({ id, event: "failed", error: String(error) });
  }
}

say({ id: "", event: "ready" });
for await (const line of createInterface({ input: process.stdin })) void run(JSON.parse(line));
process.exit();
