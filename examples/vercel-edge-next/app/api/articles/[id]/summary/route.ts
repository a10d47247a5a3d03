import { Redis } from "@upstash/redis";
import { createLocks, isLockError, type Locks } from "holdfast";
import { upstash } from "holdfast/upstash";
import { after } from "next/server";
import { summarize } from "./summarize";

export const runtime = "edge";

// Made at the first request: `next build` imports this file too, where there may be no environment.
let clients: { redis: Redis; locks: Locks } | undefined;
function connect() {
  clients ??= {
    redis: Redis.fromEnv({ automaticDeserialization: false }),
    locks: createLocks(upstash.fromEnv(process.env), { ttl: "20s", wait: "15s", maxAttempts: 30, fence: false }),
  };
  return clients;
}

export async function POST(_request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  const { redis, locks } = connect();
  const key = `summary:${id}`;
  const cached = await redis.get<string>(key);
  if (cached !== null) return Response.json({ summary: cached, made: false });
  try {
    // `after` keeps the function alive for the clean-up of a wait that was given up.
    return await locks.withOptions({ waitUntil: after }).request(key, async (lease) => {
      const meanwhile = await redis.get<string>(key);
      if (meanwhile !== null) return Response.json({ summary: meanwhile, made: false });
      const summary = await summarize(id, lease.signal);
      await redis.set(key, summary, { ex: 3600 });
      return Response.json({ summary, made: true });
    });
  } catch (error) {
    if (!isLockError(error, "TIMEOUT")) throw error;
    return Response.json({ error: "still being written" }, { status: 503, headers: { "retry-after": "5" } });
  }
}
