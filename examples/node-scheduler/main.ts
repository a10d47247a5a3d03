import { hostname } from "node:os";
import { createLocks, isLockError } from "holdfast";
import { ioredis } from "holdfast/ioredis";
import { Redis } from "ioredis";
import { makeReport } from "./report.ts";

const every = Number(process.env.EVERY_MS ?? 60_000);
const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379").on("error", console.error);
const locks = createLocks(ioredis(redis), { commandTimeout: "2s", owner: `${hostname()}:${process.pid}` });

/** What a scheduler calls: node-cron, croner, Bree, or the timer below. */
async function tick(): Promise<void> {
  // The nearest tick: what this clock calls it, if it is wrong by less than half of the time between two.
  const name = new Date(Math.round(Date.now() / every) * every).toISOString();
  const options = { ifAvailable: true, minHold: every * 2 } as const;
  try {
    await locks.request(`cron:report:${name}`, options, async (lease) => {
      if (lease === null) return;
      await makeReport(redis, name, lease.signal);
      console.log(`made the report of ${name}`);
    });
  } catch (error) {
    console.error(isLockError(error) ? `${error.code}: ${error.message}` : error);
  }
}

/** On the minute of this machine's clock. */
function schedule(): NodeJS.Timeout {
  return setTimeout(
    () => {
      timer = schedule();
      void tick();
    },
    every - (Date.now() % every),
  );
}

let timer = schedule();
console.log("scheduled");

process.once("SIGTERM", async () => {
  clearTimeout(timer);
  await locks.close({ grace: "10s" });
  await redis.quit().catch(() => redis.disconnect());
});
