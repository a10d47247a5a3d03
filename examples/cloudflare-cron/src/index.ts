import { createLocks } from "holdfast";
import { upstash } from "holdfast/upstash";
import { sendDigest } from "./digest.ts";

export default {
  async scheduled(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
    const locks = createLocks(upstash.fromEnv(env), { waitUntil: ctx, commandTimeout: "2s" });
    // The platform says which tick this is, the same to everyone: no clock is asked.
    const tick = new Date(controller.scheduledTime).toISOString();
    // The name is this tick's alone, so it may be kept for long: whatever comes late, or again after a failure, finds it.
    const options = { ifAvailable: true, ttl: "1m", minHold: "1h" };
    await locks.request(`cron:digest:${tick}`, options, async (lease) => {
      if (lease === null) return console.log(`${tick} is somebody else's`);
      await sendDigest(env, tick, lease.signal);
      console.log(`${tick} is done`);
    });
  },
};
