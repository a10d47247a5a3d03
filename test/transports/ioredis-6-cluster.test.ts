import { Cluster } from "ioredis";
import { ioredis } from "../../adapters/ioredis.ts";
import { conformsOnCluster } from "../support/conformance.ts";

conformsOnCluster(
  (roots) => {
    const cluster = new Cluster(roots);
    return { transport: ioredis(cluster), close: () => cluster.quit() };
  },
  { inLine: false },
);
