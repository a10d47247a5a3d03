import { afterAll, beforeAll, describe, inject } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { SINGLE } from "./entries/index.ts";
import { ioredisClients, type Servers } from "./entry.ts";
import { excludeEachOther } from "./suite.ts";

noUnhandledRejections();

let rest: RestServer;
let own: Awaited<ReturnType<typeof ioredisClients>>;
const urls = [inject("redisUrl")];
beforeAll(async () => {
  rest = await startRestServer({ redisUrl: inject("redisUrl") });
  own = await ioredisClients({ urls });
});
afterAll(async () => {
  own?.close();
  await rest?.close();
});

describe.concurrent("over one server, holdfast excludes and is excluded by", () => {
  for (const entry of SINGLE) {
    excludeEachOther(entry, () => {
      const [client] = own.clients;
      if (!client) throw new Error("no client");
      const servers: Servers = { urls, rest };
      const locks: Locks = createLocks(ioredis(client), { prefix: entry.prefix });
      return {
        servers,
        locks,
        pttl: (name) => client.pttl(entry.prefix + name),
        remove: (name) => client.del(entry.prefix + name),
      };
    });
  }
});
