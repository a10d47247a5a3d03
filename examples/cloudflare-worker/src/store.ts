import type { Transport } from "holdfast";
import { memory } from "holdfast/memory";
import { upstash } from "holdfast/upstash";

export interface Store {
  kind: "upstash" | "memory";
  transport: Transport;
}

export const UNCONFIGURED =
  "No lock, so nothing is done: set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN with `npx wrangler secret put`.";

// Configuration may be shared by the requests of an isolate; a promise, a queue or a timer may not.
let store: Store | undefined;

/**
 * Upstash where it is configured. On this machine alone, so that `wrangler dev` needs no account, a lock inside the
 * isolate: deployed it would look like a lock and be none.
 */
export function storeFor(env: Env, url: URL): Store {
  if (!isConfigured(env, url)) throw new Error(UNCONFIGURED);
  store ??= env.UPSTASH_REDIS_REST_URL
    ? { kind: "upstash", transport: upstash.fromEnv(env) }
    : { kind: "memory", transport: memory() };
  return store;
}

/** Whether there is anything to lock with. */
export function isConfigured(env: Env, url: URL): boolean {
  return !!env.UPSTASH_REDIS_REST_URL || isLocal(url);
}

function isLocal({ hostname }: URL): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
