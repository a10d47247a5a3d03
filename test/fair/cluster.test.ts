import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";

noUnhandledRejections();
const NAMES = ["plain", "{a}b", "{}x}", "}{", "{{a}}", "{é}🔒"];
const prefix = `${inject("redisPrefix")}fair:`;
const all: Locks[] = [];
const close: (() => unknown)[] = [];
let cluster: Cluster;

beforeAll(async () => {
  const nodes = inject("clusterNodes");
  cluster = new Cluster(nodes);
  const other = createCluster({ rootNodes: nodes.map(({ host, port }) => ({ url: `redis://${host}:${port}` })) });
  await other.connect();
  close.push(
    () => cluster.disconnect(),
    () => other.close(),
  );
  for (const transport of [ioredis(cluster), nodeRedis(other)])
    all.push(
      createLocks(transport, { prefix, fair: true, renew: true, wait: "45s", ttl: "60s", commandTimeout: "20s" }),
    );
});
afterAll(async () => {
  for (const each of all) await each.close();
  for (const each of close) await each();
});

test.concurrent.each(NAMES)(
  "on a Cluster %j goes from one client to the next, in order",
  { timeout: 60_000 },
  async (name) => {
    const [one, two] = all as [Locks, Locks];
    const holder = await one.acquire(name);
    const served: number[] = [];
    const waits: Promise<void>[] = [];
    for (const [index, locks] of [two, one, two, one].entries()) {
      waits.push(
        locks.acquire(name).then(async (lease) => {
          served.push(index);
          // Who was woken has what is left of its place, which a busy machine may take longer than.
          await lease.release();
        }),
      );
      const standing = async () => (await cluster.zcount(`queue.b0v5:${prefix}${name}`, 0, 1e12)) === index + 1;
      await until(standing, "a caller does not stand in line", 20_000);
    }
    expect(await holder.release()).toBe(true);
    await Promise.all(waits);
    expect(served).toEqual([0, 1, 2, 3]);
    expect(await one.query(name)).toMatchObject({ held: false });
  },
);
