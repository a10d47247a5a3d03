import { startContainer } from "./redis-container.ts";
import { spawnRedis } from "./redis-process.ts";
import { findPrivateRedis, findRedis } from "./redis-source.ts";

export { type ClusterNode, type RedisCluster, startCluster, startOwnCluster } from "./redis-cluster.ts";
export { findRedis, type RedisSource } from "./redis-source.ts";

export interface RedisOptions {
  /** Further arguments of redis-server; they win over ours. */
  args?: string[];
  /** A fixed port, to start a server again where another one was. */
  port?: number;
  /** A directory of the caller's, which outlives the server. By default a temporary one, removed with it. */
  dir?: string;
}

export interface RedisServer {
  host: string;
  port: number;
  url: string;
  /** The process on this machine; 0 for a Cluster node in a container. */
  pid: number;
  /** Ends the server and removes what it left; a second call does nothing. */
  stop(): Promise<void>;
  /** Sends a signal; waits for the end, except after SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a Redis that belongs to the caller alone. It holds nothing on disk and ends with this
 * process, however that ends.
 *
 * @throws when no server can be started here, even if REDIS_URL names one: that one is not ours to kill.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const source = await findPrivateRedis();
  return source.kind === "docker" ? startContainer(options) : spawnRedis(source.path, options);
}

export interface SharedRedis {
  url: string;
  /** Whether this process started it: a server that somebody lent us is given back as it was. */
  ours: boolean;
  stop(): Promise<void>;
}

/** The server that every test file of a run shares: the one at REDIS_URL, else a private one. */
export async function shareRedis(): Promise<SharedRedis> {
  const source = await findRedis();
  if (source.kind === "url") return { url: source.url, ours: false, stop: async () => {} };
  const server = await startRedis();
  return { url: server.url, ours: true, stop: () => server.stop() };
}
