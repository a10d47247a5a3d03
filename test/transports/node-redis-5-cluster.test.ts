import { createCluster } from "redis5";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { conformsOnCluster } from "../support/conformance.ts";

conformsOnCluster(
  async (roots) => {
    const cluster = createCluster({ rootNodes: roots.map(({ host, port }) => ({ url: `redis://${host}:${port}` })) });
    await cluster.connect();
    return { transport: nodeRedis(cluster), close: () => cluster.close() };
  },
  { inLine: false },
);
