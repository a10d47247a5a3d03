import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { createClient, createClientPool, createCluster } from "redis";
import { createClient as createClient4, createCluster as createCluster4 } from "redis4";
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createClientPool as createPool5,
} from "redis5";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import type { Transport } from "../../src/index.ts";

/** A transport over a client of its own, and the end of that client. */
export interface Connected {
  transport: Transport;
  close(): unknown;
}

type Root = { host: string; port: number };

const quiet = () => {};
const rootNodes = (roots: Root[]) => roots.map(({ host, port }) => ({ url: `redis://${host}:${port}` }));
// What a program may set for its commands must not become the rule of the connection that waits for messages.
const BRITTLE = { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1000, socketTimeout: 1000 };

/** Each client that has messages, in each major version that is claimed; `name` is what its connections are called. */
export const CLIENTS: Record<string, (url: string, name?: string) => Promise<Connected>> = {
  "ioredis 5": async (url, name) => {
    const client = new Redis5(url, { connectionName: name }).on("error", quiet);
    return { transport: ioredis(client), close: () => client.disconnect() };
  },
  "ioredis 6": async (url, name) => {
    const client = new Redis(url, { connectionName: name }).on("error", quiet);
    return { transport: ioredis(client), close: () => client.disconnect() };
  },
  "ioredis 6, with options that suit commands": async (url, name) => {
    const client = new Redis(url, { ...BRITTLE, connectionName: name, lazyConnect: true, autoResubscribe: false }).on(
      "error",
      quiet,
    );
    await client.connect();
    return { transport: ioredis(client), close: () => client.disconnect() };
  },
  "node-redis 4": async (url, name) => {
    const client = await createClient4({ url, name }).on("error", quiet).connect();
    return { transport: nodeRedis(client), close: () => client.disconnect() };
  },
  "node-redis 5": async (url, name) => {
    const client = await createClient5({ url, name }).on("error", quiet).connect();
    return { transport: nodeRedis(client), close: () => client.destroy() };
  },
  "node-redis 6": async (url, name) => {
    const client = await createClient({ url, name }).on("error", quiet).connect();
    return { transport: nodeRedis(client), close: () => client.destroy() };
  },
  "node-redis 6, with options that suit commands": async (url, name) => {
    const { hostname: host, port, username, password } = new URL(url);
    const socket = { host, port: Number(port) };
    const client = await createClient({ socket, username, password, name, disableOfflineQueue: true })
      .on("error", quiet)
      .connect();
    return { transport: nodeRedis(client), close: () => client.destroy() };
  },
  "a pool of node-redis 5": async (url, name) => {
    const pool = createPool5({ url, name }, { minimum: 1, maximum: 2 }).on("error", quiet);
    await pool.connect();
    return { transport: nodeRedis(pool), close: () => pool.destroy() };
  },
  "a pool of node-redis 6": async (url, name) => {
    const pool = createClientPool({ url, name }, { minimum: 1, maximum: 2 }).on("error", quiet);
    await pool.connect();
    return { transport: nodeRedis(pool), close: () => pool.destroy() };
  },
};

/** The same over a cluster. */
export const CLUSTERS: Record<string, (roots: Root[]) => Promise<Connected>> = {
  "ioredis 5": async (roots) => {
    const cluster = new Cluster5(roots).on("error", quiet);
    return { transport: ioredis(cluster), close: () => cluster.disconnect() };
  },
  "ioredis 6": async (roots) => {
    const cluster = new Cluster(roots).on("error", quiet);
    return { transport: ioredis(cluster), close: () => cluster.disconnect() };
  },
  "node-redis 4": async (roots) => {
    const cluster = createCluster4({ rootNodes: rootNodes(roots) }).on("error", quiet);
    await cluster.connect();
    return { transport: nodeRedis(cluster), close: () => cluster.disconnect() };
  },
  "node-redis 5": async (roots) => {
    const cluster = createCluster5({ rootNodes: rootNodes(roots) }).on("error", quiet);
    await cluster.connect();
    return { transport: nodeRedis(cluster), close: () => cluster.destroy() };
  },
  "node-redis 6": async (roots) => {
    const cluster = createCluster({ rootNodes: rootNodes(roots) }).on("error", quiet);
    await cluster.connect();
    return { transport: nodeRedis(cluster), close: () => cluster.destroy() };
  },
};
