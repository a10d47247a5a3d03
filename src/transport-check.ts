import { LockOptionsError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** Methods that only raw clients have, and the adapter that makes a transport of such a client. */
const RAW = { defineCommand: "ioredis", sendCommand: "node-redis", customCommand: "command", send: "command" };

/**
 * Refuses what is no transport. Raw clients look like one and are not: node-redis answers `"OK"` to our `set` and
 * ignores `nx`, so every caller would get the lock.
 */
export function assertTransport(candidate: unknown): Transport {
  const has = (method: string) => typeof Object(candidate)[method] === "function";
  const raw = Object.entries(RAW).find(([method]) => has(method));
  if (raw) throw new LockOptionsError(`This is a raw client: wrap it in the adapter from "holdfast/${raw[1]}".`);
  if (!has("set") || !has("eval")) {
    throw new LockOptionsError('This is no transport: use an adapter, from "holdfast/upstash" for example.');
  }
  return candidate as Transport;
}
