import { startClusterContainer } from "./redis-container.ts";
import { spawnRedis, until } from "./redis-process.ts";
import type { RedisServer } from "./redis-server.ts";
import { findPrivateRedis } from "./redis-source.ts";
import { respClient, text } from "./resp.ts";

export interface ClusterNode {
  host: string;
  port: number;
}

export interface RedisCluster {
  nodes: ClusterNode[];
  /** The processes behind `nodes`, in the same order; empty when REDIS_CLUSTER_URLS named the Cluster. */
  servers: RedisServer[];
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const ARGS = [
  ...["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"],
  ...["--cluster-require-full-coverage", "no", "--cluster-announce-ip", "127.0.0.1"],
];

/** Three masters without replicas, each with a third of the slots; or the Cluster in REDIS_CLUSTER_URLS. */
export async function startCluster(): Promise<RedisCluster> {
  const existing = process.env.REDIS_CLUSTER_URLS;
  if (existing) return { nodes: existing.split(",").map(parseNode), servers: [], stop: async () => {} };
  return startOwnCluster();
}

/** One whose nodes the caller may stop. */
export async function startOwnCluster(): Promise<RedisCluster> {
  const servers = await startNodes();
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    await join(servers);
    for (const server of servers) await until(() => isReady(server), `Cluster node ${server.port} is not ready`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes: servers.map(({ host, port }) => ({ host, port })), servers, stop };
}

async function startNodes(): Promise<RedisServer[]> {
  const source = await findPrivateRedis();
  if (source.kind === "docker") return startClusterContainer(ARGS);
  const servers: RedisServer[] = [];
  try {
    // One after the other: two nodes started at once could be offered the same free port.
    for (let i = 0; i < 3; i++) servers.push(await spawnRedis(source.path, { args: ARGS }, [0, 10_000]));
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return servers;
}

async function join(servers: RedisServer[]): Promise<void> {
  for (const [index, server] of servers.entries()) {
    const from = Math.floor((index * SLOTS) / servers.length);
    const to = Math.floor(((index + 1) * SLOTS) / servers.length);
    // Not ADDSLOTSRANGE, which Redis 6.2 does not know.
    const slots = Array.from({ length: to - from }, (_, i) => String(from + i));
    await ask(server, "CLUSTER", "ADDSLOTS", ...slots);
    await ask(server, "CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
  }
  // Each pair, because waiting until the second hears of the third by gossip can take seconds.
  for (const [index, server] of servers.entries()) {
    for (const { port } of servers.slice(index + 1)) await ask(server, "CLUSTER", "MEET", "127.0.0.1", String(port));
  }
}

async function isReady(server: RedisServer): Promise<boolean> {
  const info = await ask(server, "CLUSTER", "INFO");
  const expected = ["state:ok", "known_nodes:3", "size:3", `slots_ok:${SLOTS}`];
  return expected.every((line) => info.includes(`cluster_${line}\r`));
}

async function ask(server: RedisServer, ...command: string[]): Promise<string> {
  const client = respClient(server.url);
  try {
    return text(await client.send(...command));
  } finally {
    client.close();
  }
}

function parseNode(url: string): ClusterNode {
  const { hostname, port } = new URL(url.includes("://") ? url.trim() : `redis://${url.trim()}`);
  return { host: hostname, port: Number(port || 6379) };
}
