import { createLocks } from "holdfast";
import { upstash } from "holdfast/upstash";
import { sendDigest } from "./_digest.ts";

const locks = createLocks(upstash.fromEnv(process.env), { commandTimeout: "2s" });

/** Called by Vercel's cron at each tick, perhaps twice, and by whoever has the secret. */
export async function GET(request: Request): Promise<Response> {
  const { CRON_SECRET } = process.env;
  if (!CRON_SECRET || request.headers.get("authorization") !== `Bearer ${CRON_SECRET}`)
    return new Response("Unauthorized\n", { status: 401 });
  // Longer than deliveries of one tick lie apart, shorter than from one tick to the next.
  return locks.request("cron:digest", { ifAvailable: true, minHold: "12h" }, async (lease) => {
    if (lease === null) return new Response("This tick has been run\n");
    await sendDigest(lease.signal);
    return new Response("Sent\n");
  });
}
