/** Checked by tsc and never run: vendors' clients fit the adapters' structural types without a cast. */
import type { Redis as Upstash } from "@upstash/redis";
import type { Cluster, Redis } from "ioredis";
import type { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { createClient, createClientPool, createCluster } from "redis";
import { createClient as createClient4, createCluster as createCluster4 } from "redis4";
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createClientPool as createPool5,
} from "redis5";
import { expectTypeOf } from "vitest";
import { command } from "../../adapters/command.ts";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { upstash } from "../../adapters/upstash.ts";
import { subscribe } from "../../adapters/upstash-subscribe.ts";
import { createLocks, type Transport } from "../../src/index.ts";

declare const clients: { redis: Redis; cluster: Cluster; redis5: Redis5; cluster5: Cluster5; upstash: Upstash };
const nodes = { rootNodes: [{ url: "redis://127.0.0.1:7000" }] };

export const transports: Transport[] = [
  ioredis(clients.redis),
  ioredis(clients.cluster),
  ioredis(clients.redis5, { wakeups: false }),
  ioredis(clients.cluster5),
  nodeRedis(createClient()),
  nodeRedis(createClient({ RESP: 3 })),
  nodeRedis(createClientPool()),
  nodeRedis(createCluster(nodes)),
  nodeRedis(createClient5(), { wakeups: false }),
  nodeRedis(createClient5({ RESP: 3 })),
  nodeRedis(createPool5()),
  nodeRedis(createCluster5(nodes)),
  nodeRedis(createClient4()),
  nodeRedis(createClient4({ url: "redis://127.0.0.1" })),
  nodeRedis(createCluster4(nodes)),
  upstash(clients.upstash),
  upstash({ url: "https://example.upstash.io", token: "x" }),
  upstash({ url: "https://example.upstash.io", token: "x", subscribe }),
  upstash.fromEnv(process.env),
  ...[clients.redis, clients.redis].map(ioredis),
  ...[createClient(), createClient()].map(nodeRedis),
  command(async (args) => args),
  memory(),
  clients.upstash,
];

/** A client whose type the user has narrowed or stored is still one. */
export function afterConnecting(client: Awaited<ReturnType<ReturnType<typeof createClient>["connect"]>>): Transport {
  return nodeRedis(client);
}

createLocks(clients.upstash);
// @ts-expect-error: ioredis' own eval takes the number of keys
createLocks(clients.redis);
// @ts-expect-error: node-redis' own eval takes an object
createLocks(createClient());
// @ts-expect-error: no such option
ioredis(clients.redis, { wakeup: false });
// @ts-expect-error: no such option
nodeRedis(createClient(), { wakeup: false });
// @ts-expect-error: another vendor's
ioredis(createClient());
// @ts-expect-error: another vendor's
nodeRedis(clients.redis);

expectTypeOf(memory().entries()).toEqualTypeOf<{ key: string; value: string; pttl: number }[]>();
