import { afterAll, beforeAll, describe } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { MANY } from "./entries/index.ts";
import { ioredisClients } from "./entry.ts";
import { excludeEachOther } from "./suite.ts";

noUnhandledRejections();

let redis: RedisServer[] = [];
let own: Awaited<ReturnType<typeof ioredisClients>>;
beforeAll(async () => {
  redis = await Promise.all([startRedis(), startRedis(), startRedis()]);
  own = await ioredisClients({ urls: redis.map(({ url }) => url) });
}, 60_000);
afterAll(async () => {
  own?.close();
  await Promise.all(redis.map((server) => server.stop()));
});

describe.concurrent("over three servers, a quorum of holdfast excludes and is excluded by", () => {
  for (const entry of MANY) {
    excludeEachOther(entry, () => {
      const { clients } = own;
      return {
        servers: { urls: redis.map(({ url }) => url), rest: { url: "", token: "" } },
        locks: createLocks(
          quorum(
            clients.map((client) => ioredis(client)),
            { maxTtl: 0 },
          ),
          { prefix: entry.prefix },
        ),
        remove: (name) => Promise.all(clients.map((one) => one.del(entry.prefix + name))),
        pttl: async (name) => Math.max(...(await Promise.all(clients.map((one) => one.pttl(entry.prefix + name))))),
      };
    });
  }
});
