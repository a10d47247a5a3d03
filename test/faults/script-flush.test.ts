import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { createLocks, type Transport } from "../../src/index.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { type RespClient, respClient, text } from "../support/resp.ts";

interface Party {
  transport: Transport;
  close(): unknown;
}

const parties: [string, () => Promise<Party>][] = [
  [
    "ioredis",
    async () => {
      const client = new Redis(inject("redisUrl"));
      return { transport: ioredis(client), close: () => client.disconnect() };
    },
  ],
  [
    "ioredis Cluster",
    async () => {
      const client = new Cluster(inject("clusterNodes"));
      return { transport: ioredis(client), close: () => client.disconnect() };
    },
  ],
  [
    "node-redis",
    async () => {
      const client = createClient({ url: inject("redisUrl") });
      await client.connect();
      return { transport: nodeRedis(client), close: () => client.destroy() };
    },
  ],
  [
    "node-redis Cluster",
    async () => {
      const rootNodes = inject("clusterNodes").map(({ host, port }) => ({ url: `redis://${host}:${port}` }));
      const client = createCluster({ rootNodes });
      await client.connect();
      return { transport: nodeRedis(client), close: () => client.destroy() };
    },
  ],
];

noUnhandledRejections();

describe.each(parties)("%s, whose servers forget every script", (_kind, connect) => {
  let party: Party;
  let servers: RespClient[];
  beforeAll(async () => {
    party = await connect();
    const nodes = inject("clusterNodes").map(({ host, port }) => `redis://${host}:${port}`);
    servers = [inject("redisUrl"), ...nodes].map(respClient);
  });
  afterAll(() => {
    party.close();
    for (const server of servers) server.close();
  });
  const forget = async () => {
    for (const server of servers) expect(text(await server.send("SCRIPT", "FLUSH"))).toBe("OK");
  };

  test.each([true, false])("before any command: no failure (fence: %s)", async (fence) => {
    const locks = createLocks(party.transport, { prefix: `${inject("redisPrefix")}flush:`, fence });
    for (const name of ["plain", "{}x}"]) {
      for (let round = 0; round < 2; round++) {
        await forget();
        const lease = await locks.acquire(name);
        await forget();
        expect(await locks.tryAcquire(name)).toBeNull();
        await forget();
        await lease.extend("1m");
        await forget();
        expect(await lease.verify()).toBe(true);
        await forget();
        expect((await locks.query(name)).held).toBe(true);
        await forget();
        expect(await lease.release()).toBe(true);
        await forget();
        await locks.acquire(name);
        await forget();
        expect(await locks.forceRelease(name)).toBe(true);
      }
    }
  });

  test("all the time, while contenders work: no failure, no overlap", async () => {
    const locks = createLocks(party.transport, {
      prefix: `${inject("redisPrefix")}flush:`,
      wait: "15s",
      retry: { min: 5, max: 20 },
    });
    let working = true;
    const forgetting = (async () => {
      while (working) await forget();
    })();
    const inside = new Set<string>();
    const work = async (name: string) => {
      for (let round = 0; round < 6; round++) {
        await locks.request(name, async (lease) => {
          expect(inside.has(name)).toBe(false);
          inside.add(name);
          await lease.extend("1m");
          inside.delete(name);
        });
      }
    };
    await Promise.all(["a", "b", "a", "{b}", "{b}"].map(work)).finally(() => {
      working = false;
    });
    await forgetting;
  });
});
