// One tick. Every host's crontab starts it in the same minute; one of them does the work.
import { RedisClient } from "bun";
import { createLocks, isLockError } from "holdfast";
import { command } from "holdfast/command";
import { sendDigest } from "./digest.ts";

const job = Bun.env.JOB ?? "digest";
// A tick that does not reach Redis fails soon: the next one comes in a minute.
const redis = new RedisClient(Bun.env.REDIS_URL ?? "redis://127.0.0.1:6379", { maxRetries: 3 });
const locks = createLocks(
  command(([name = "", ...args]) => redis.send(name, args)),
  { commandTimeout: "2s", owner: `${Bun.env.HOSTNAME ?? "host"}:${process.pid}` },
);
process.once("SIGTERM", () => locks.close());

try {
  // A host whose clock is late by less than minHold finds the name taken and does not run this tick again.
  await locks.request(
    `cron:${job}`,
    { ifAvailable: true, ttl: "1m", minHold: "50s", maxHold: "10m" },
    async (lease) => {
      if (lease === null) return console.log("another host has this tick");
      const visits = Number((await redis.get(`visits:${job}`)) ?? 0);
      await sendDigest(visits, lease.signal);
      await redis.send("DECRBY", [`visits:${job}`, String(visits)]);
      console.log(`sent the digest of ${visits} visits`);
    },
  );
} catch (error) {
  console.error(isLockError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  await locks.close();
  redis.close();
}
