import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { type ClusterNode, shareRedis, startCluster } from "./redis-server.ts";
import { removeKeys } from "./remove-keys.ts";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
    clusterNodes: ClusterNode[];
    /** Begins the names of all keys of this run, which on a server that is not ours are removed by it. */
    redisPrefix: string;
  }
}

/** One standalone Redis and one Cluster for the whole run. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const [redis, cluster] = await Promise.allSettled([shareRedis(), startCluster()]);
  if (redis.status === "rejected" || cluster.status === "rejected") {
    for (const started of [redis, cluster]) if (started.status === "fulfilled") await started.value.stop();
    throw redis.status === "rejected" ? redis.reason : (cluster as PromiseRejectedResult).reason;
  }
  const prefix = `holdfast-test-${randomBytes(6).toString("hex")}:`;
  project.provide("redisUrl", redis.value.url);
  project.provide("clusterNodes", cluster.value.nodes);
  project.provide("redisPrefix", prefix);

  return async () => {
    const borrowed = redis.value.ours ? [] : [redis.value.url];
    if (cluster.value.servers.length === 0) {
      borrowed.push(...cluster.value.nodes.map(({ host, port }) => `redis://${host}:${port}`));
    }
    for (const url of borrowed) await removeKeys(url, `*${prefix}*`);
    await Promise.all([redis.value.stop(), cluster.value.stop()]);
  };
}
