import { LockOptionsError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** Methods that only raw clients have, and what makes a transport of such a client. */
const RAW: readonly (readonly [method: string, client: string, subpath: string])[] = [
  ["defineCommand", "an ioredis client", "ioredis"],
  ["sendCommand", "a node-redis client", "node-redis"],
  ["customCommand", "a Valkey GLIDE client", "command"],
  ["send", "a raw Redis client", "command"],
];

/**
 * Refuses what is no transport. Raw clients look like one and are not: node-redis answers `"OK"` to our `set` and
 * ignores `nx`, so every caller would get the lock.
 */
export function assertTransport(candidate: unknown): asserts candidate is Transport {
  const given = Object(candidate) as Record<string, unknown>;
  for (const [method, client, subpath] of RAW) {
    if (typeof given[method] === "function") {
      throw new LockOptionsError(`createLocks was given ${client}. Wrap it in the adapter from "holdfast/${subpath}".`);
    }
  }
  if (typeof given.set !== "function" || typeof given.eval !== "function") {
    throw new LockOptionsError(
      'createLocks needs a transport: one of the adapters ("holdfast/ioredis", "holdfast/node-redis", ' +
        '"holdfast/upstash", "holdfast/memory", "holdfast/command"), or an object with set and eval.',
    );
  }
}
