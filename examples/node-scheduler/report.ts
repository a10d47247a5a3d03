import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";

/** What must not be done twice in one tick: here it counts that it was. */
export async function makeReport(redis: Redis, tick: string, signal: AbortSignal): Promise<void> {
  await redis.incr(`report:${tick}`);
  await sleep(50, undefined, { signal });
}
