/**
 * Locks over node-redis, the npm package `redis`.
 *
 * @module holdfast/node-redis
 */
import type { Transport } from "../src/transport.ts";
import { scripted } from "./support/scripted.ts";
import { routingKey } from "./support/slot.ts";

/** What is used of a node-redis client or pool. */
export interface NodeRedisClient {
  /** Sends a command, given as texts, and resolves to Redis' reply. */
  sendCommand(args: string[]): Promise<unknown>;
}

/** What is used of a node-redis cluster. */
export interface NodeRedisCluster {
  /** Sends a command to the server that has this key, or to any if there is none. */
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>;
  /** The masters, as `list()` needs them. */
  masters: {
    /** Any text. */
    id: string;
  }[];
  /** The client of a master, or a promise of it. */
  // biome-ignore lint/suspicious/noExplicitAny: the versions disagree on the types of a node, and of its client
  nodeClient(node: any): any;
}

/**
 * Locks over node-redis (the npm package `redis`) 4, 5 or 6: a client, a pool, or a cluster. Connect it before; it
 * stays yours: its connection, its retries, its end.
 *
 * @param client What `createClient`, `createClientPool` or `createCluster` gave.
 * @throws {TypeError} if it is none of these.
 * @example
 * ```ts
 * import { createClient } from "redis";
 * import { createLocks } from "holdfast";
 * import { nodeRedis } from "holdfast/node-redis";
 *
 * const client = await createClient({ url: process.env.REDIS_URL }).on("error", console.error).connect();
 * const locks = createLocks(nodeRedis(client));
 * ```
 */
export function nodeRedis(client: NodeRedisClient | NodeRedisCluster): Transport {
  if (typeof client?.sendCommand !== "function" || "call" in client) {
    throw new TypeError("nodeRedis() takes a client, pool or cluster of the package redis.");
  }
  if (!("masters" in client)) return { ...over(client), sharesProcess: true };
  return {
    sharesProcess: true,
    ...scripted((args, key) => client.sendCommand(key === undefined ? undefined : routingKey(key), false, args)),
    nodes: () =>
      client.masters.map((node) => {
        // A promise in version 4, the client itself later; made on first use.
        const connected = async () => client.nodeClient(node) as Promise<NodeRedisClient>;
        return scripted(async (args) => (await connected()).sendCommand(args));
      }),
  };
}

function over(client: NodeRedisClient): Transport {
  return scripted(async (args) => client.sendCommand(args));
}
