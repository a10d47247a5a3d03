import { Redis } from "ioredis";
import { createClient } from "redis";
import { ioredis } from "../../../adapters/ioredis.ts";
import { nodeRedis } from "../../../adapters/node-redis.ts";
import { upstash } from "../../../adapters/upstash.ts";
import type { Transport } from "../../../src/index.ts";
import { freePort } from "../../support/redis-process.ts";
import { startRedis } from "../../support/redis-server.ts";
import { startRestServer } from "../../support/rest-server.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import type { RealStores } from "./stores.ts";

/** The ways to each store: one that works, one that never answers, and those that refuse. */
export interface Routes {
  direct: Transport[];
  /** The same stores by HTTP. */
  rest: Transport[];
  hanging: Transport[];
  refusing: Transport[][];
  /** Lets through what hung, late and in order. */
  relent(): void;
  close(): Promise<void>;
}

/** Every client in every state: a mix of ioredis, node-redis and REST. */
export async function routes(real: RealStores): Promise<Routes> {
  const { stores } = real;
  const proxies = await Promise.all(stores.map(({ server }) => startTcpProxy(server.port)));
  const direct = await real.clients();
  const hanging = await real.clients(proxies.map(({ url }) => url));
  await Promise.all([...direct, ...hanging].map(({ transport }) => transport.eval("return 'ready'", [], [])));
  for (const [at, proxy] of proxies.entries()) hang(proxy, at);

  const closed = await freePort();
  const noRetry = { retryStrategy: () => null, maxRetriesPerRequest: 0 };
  const gone = new Redis(closed, "127.0.0.1", noRetry).on("error", () => {});
  const ended = createClient({ url: `redis://127.0.0.1:${closed}`, socket: { reconnectStrategy: false } });
  await ended
    .on("error", () => {})
    .connect()
    .catch(() => {});
  // A replica of nobody answers, and refuses to write.
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${closed}`] });
  const readonly = await real.clients(stores.map(() => replica.url));
  const nobody = upstash({ url: `http://127.0.0.1:${closed}`, token: "none" });
  const noConnection = [ioredis(gone), nodeRedis(ended), nobody];
  const servers = await Promise.all(stores.map(({ server }) => startRestServer({ redisUrl: server.url })));

  return {
    direct: direct.map(({ transport }) => transport),
    rest: servers.map(({ url, token }) => upstash({ url, token, timeout: 600_000 })),
    hanging: hanging.map(({ transport }) => transport),
    refusing: stores.map((_, at) => [
      noConnection[at % noConnection.length] as Transport,
      (readonly[at] as (typeof readonly)[0]).transport,
    ]),
    relent() {
      for (const proxy of proxies) proxy.blackhole(false);
    },
    async close() {
      gone.disconnect();
      await Promise.all([replica.stop(), ...[...proxies, ...servers].map((each) => each.close())]);
    },
  };
}

/** To every second store what is asked gets through, and only the answers do not. */
function hang(proxy: TcpProxy, at: number): void {
  proxy.blackhole(true, at % 2 ? "replies" : "both");
}
