/**
 * Locks over node-redis, the npm package `redis`.
 *
 * @module holdfast/node-redis
 */
import type { Transport } from "../src/transport.ts";
import {
  duplicator,
  type NodeRedisClient,
  type NodeRedisCluster,
  subscriber,
} from "./support/node-redis-subscriber.ts";
import { deleting, scripted } from "./support/scripted.ts";
import { routingKey } from "./support/slot.ts";
import { subscriptions } from "./support/subscriptions.ts";

export type { NodeRedisClient, NodeRedisCluster };

/** Options of {@link nodeRedis}. */
export interface NodeRedisOptions {
  /**
   * Who waits in line is woken by a message. One more connection is made for that, when the first message is waited
   * for: a duplicate of the client, of one of the pool, or of one node of the cluster. It is closed about a second
   * after the last.
   * @default true
   */
  wakeups?: boolean | undefined;
}

/**
 * Locks over node-redis (the npm package `redis`) 4, 5 or 6: a client, a pool, or a cluster. Connect it before; it
 * stays yours: its connection, its retries, its end.
 *
 * @param client What `createClient`, `createClientPool` or `createCluster` gave.
 * @param options Whether to listen for messages.
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
export function nodeRedis(client: NodeRedisClient | NodeRedisCluster, options?: NodeRedisOptions): Transport;
/**
 * The same as a callback: `clients.map(nodeRedis)`.
 *
 * @param index Of the client in its array. Means nothing.
 */
export function nodeRedis(client: NodeRedisClient | NodeRedisCluster, index: number): Transport;
export function nodeRedis(
  client: NodeRedisClient | NodeRedisCluster,
  options: NodeRedisOptions | number = {},
): Transport {
  const { wakeups = true } = options as NodeRedisOptions;
  if (typeof client?.sendCommand !== "function" || "call" in client) {
    throw new TypeError("nodeRedis() takes a client, pool or cluster of the package redis.");
  }
  const transport: Transport = deleting("masters" in client ? overCluster(client) : over(client));
  transport.sharesProcess = true;
  const duplicate = wakeups && duplicator(client);
  if (duplicate) transport.wakeups = subscriptions((events) => subscriber(duplicate, events));
  return transport;
}

function over(client: NodeRedisClient): Transport {
  return scripted(async (args) => client.sendCommand(args));
}

function overCluster(cluster: NodeRedisCluster): Transport {
  return {
    ...scripted((args, key) => cluster.sendCommand(key === undefined ? undefined : routingKey(key), false, args)),
    nodes: () =>
      cluster.masters.map((node) => {
        // A promise in version 4, the client itself later; made on first use.
        const connected = async () => cluster.nodeClient(node) as Promise<NodeRedisClient>;
        return scripted(async (args) => (await connected()).sendCommand(args));
      }),
  };
}
