/**
 * Locks over ioredis.
 *
 * @module holdfast/ioredis
 */
import type { Transport } from "../src/transport.ts";
import { scripted } from "./support/scripted.ts";

/** What is used of an ioredis client. */
export interface IoredisClient {
  /** Sends a command, and resolves to Redis' reply. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** The client's own options. */
  options?: {
    /** Has to be empty. */
    keyPrefix?: string | undefined;
  };
}

/** What is used of an ioredis cluster, beyond a client. */
export interface IoredisCluster extends IoredisClient {
  /** One client for each master, as `list()` needs them. */
  nodes(role: "master"): IoredisClient[];
}

/**
 * Locks over ioredis 5 or 6, `Redis` or `Cluster`. The client stays yours: its connection, its retries, its end.
 *
 * @param client Connected or not: ioredis connects by itself.
 * @throws {TypeError} if it is no ioredis client, or has a `keyPrefix`, which on a cluster would tear the keys of one
 *   lock apart: use the `prefix` option of `createLocks`.
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { createLocks } from "holdfast";
 * import { ioredis } from "holdfast/ioredis";
 *
 * const locks = createLocks(ioredis(new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379")));
 * ```
 */
export function ioredis(client: IoredisClient | IoredisCluster): Transport {
  if (typeof client?.call !== "function") throw new TypeError("ioredis() takes an ioredis Redis or Cluster.");
  if (client.options?.keyPrefix) {
    throw new TypeError("ioredis(): the client has a keyPrefix. Use a client without, and createLocks' option prefix.");
  }
  const transport: Transport = { ...over(client), sharesProcess: true };
  if ("nodes" in client) transport.nodes = () => client.nodes("master").map(over);
  return transport;
}

function over(client: IoredisClient): Transport {
  return scripted(async ([name, ...args]) => client.call(name as string, ...args));
}
