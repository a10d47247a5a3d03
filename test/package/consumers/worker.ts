// Compiled with Cloudflare's types: the Worker of the README.
import { createLocks, type Locks } from "holdfast";
import { upstash } from "holdfast/upstash";

interface Env {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
}

let shared: Locks | undefined;

const worker: ExportedHandler<Env> = {
  async fetch(request, env, ctx) {
    shared ??= createLocks(upstash.fromEnv(env), { maxAttempts: 10 });
    const locks = shared.withOptions({ waitUntil: ctx });
    const bound = locks.withOptions({ waitUntil: ctx.waitUntil.bind(ctx) });
    const url = await bound.request("url", { signal: request.signal }, async (lease) => {
      lease.signal.throwIfAborted();
      return request.url;
    });
    return locks.request("fetch", (lease) => fetch(url, { signal: lease.signal }));
  },
};

export default worker;
