import { createLocks, isLockError } from "holdfast";
import { read, write } from "./ledger.ts";
import { pay } from "./payments.ts";
import { storeFor } from "./store.ts";

/** POST /orders/:id/charge, which any number of callers may send at once, and send again. */
export async function charge(order: string, url: URL, env: Env, ctx: ExecutionContext): Promise<Response> {
  const earlier = await read(env.LEDGER, order);
  if (earlier?.receipt) return Response.json({ receipt: earlier.receipt });

  const locks = createLocks(storeFor(env, url).transport, {
    ttl: "15s",
    wait: "5s",
    maxAttempts: 10, // a Worker on the free plan may send 50 requests, those of the charge included
    waitUntil: (cleanUp) => ctx.waitUntil(cleanUp),
  });
  try {
    return await locks.request(`order:${order}`, async ({ fence, signal }) => {
      const entry = await read(env.LEDGER, order);
      if (entry?.receipt) return Response.json({ receipt: entry.receipt });
      if (!(await write(env.LEDGER, order, fence, null))) return refused(409, "a later holder has this order");

      // A Worker's clock moves with I/O, and that write was some: a lease that is over is known to be over here.
      signal.throwIfAborted();
      const receipt = await pay(env, order, signal);
      if (!(await write(env.LEDGER, order, fence, receipt))) return refused(409, "a later holder has this order");
      return Response.json({ receipt });
    });
  } catch (error) {
    if (isLockError(error, "TIMEOUT")) return refused(409, "this order is being charged", { "retry-after": "5" });
    if (isLockError(error)) return refused(503, error.message);
    throw error;
  }
}

function refused(status: number, error: string, headers: HeadersInit = {}): Response {
  return Response.json({ error }, { status, headers });
}
