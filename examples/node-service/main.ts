import { createServer, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import { createLocks, isLockError } from "holdfast";
import { ioredis } from "holdfast/ioredis";
import { Redis } from "ioredis";
import { exportCustomer } from "./export.ts";

const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379").on("error", console.error);
const locks = createLocks(ioredis(redis), { ttl: "30s", maxHold: "30m", owner: `${hostname()}:${process.pid}` });

function reply(response: ServerResponse, status: number, text: string): void {
  // A connection that is kept alive would hold up the end by the keep-alive timeout.
  if (!server.listening) response.setHeader("connection", "close");
  response.writeHead(status).end(text);
}

/** POST /exports/7 exports customer 7, unless an instance is doing that at the moment. */
const server = createServer(async (request, response) => {
  const [, customer] = /^\/exports\/([^/]+)$/.exec(request.url ?? "") ?? [];
  if (request.method !== "POST" || !customer) return reply(response, 404, "POST /exports/7\n");
  try {
    const rows = await locks.request(`export:${customer}`, { ifAvailable: true }, (lease) =>
      lease === null ? null : exportCustomer(customer, lease),
    );
    if (rows === null) reply(response, 409, "an export of this customer is running\n");
    else reply(response, 200, `${rows} rows\n`);
  } catch (error) {
    const stopped = isLockError(error, "LOST") || isLockError(error, "CLOSED");
    console.error(isLockError(error) ? `${error.code}: ${error.message}` : error);
    reply(response, stopped ? 503 : 500, "not exported\n");
  }
});

server.listen(Number(process.env.PORT ?? 3000), () => console.log("listening", server.address()));

process.once("SIGTERM", async () => {
  const drained = new Promise((resolve) => server.close(resolve));
  console.log("draining");
  // Exports that run may end, and keep their lock for that; after the grace their signal fires and the lock is released.
  await locks.close({ grace: process.env.GRACE ?? "20s" });
  await drained;
  await redis.quit().catch(() => redis.disconnect());
  console.log("drained");
});
