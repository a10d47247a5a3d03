// Receives webhooks. Their sender repeats each one until it is answered, and every copy may reach another instance.
import { createLocks, isLockError } from "holdfast";
import { nodeRedis } from "holdfast/node-redis";
import { createClient } from "redis";
import { ship } from "./ship.ts";

const redis = await createClient({ url: Deno.env.get("REDIS_URL") })
  .on("error", console.error)
  .connect();
const locks = createLocks(nodeRedis(redis), { ttl: "30s", wait: "8s", owner: Deno.hostname() });

async function receive(request: Request): Promise<Response> {
  if (request.method !== "POST") return new Response("POST an event\n", { status: 405 });
  const { id, order } = await request.json();
  return await locks.request(`webhook:${id}`, async (lease) => {
    if ((await redis.exists(`shipped:${id}`)) === 1) return new Response("already shipped\n");
    await ship(order, { fence: lease.fence, signal: lease.signal });
    await redis.set(`shipped:${id}`, String(lease.fence), { expiration: { type: "EX", value: 7 * 24 * 3600 } });
    return new Response("shipped\n");
  });
}

function unavailable(error: unknown): Response {
  // Busy, lost, an outage: not answered with 2xx, so that the sender comes again.
  console.error(isLockError(error) ? `${error.code}: ${error.message}` : error);
  return new Response("come again\n", { status: 503, headers: { "retry-after": "5" } });
}

const port = Number(Deno.env.get("PORT") ?? 8000);
const server = Deno.serve({ port, onError: unavailable }, receive);

Deno.addSignalListener("SIGTERM", async () => {
  const drained = server.shutdown();
  await locks.close({ grace: "20s" });
  await drained;
  await redis.close();
  Deno.exit(0);
});
