import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { type RespClient, type RespReply, respClient } from "../../support/resp.ts";
import { type ClientKind, type TcpClient, tcpClient } from "../../support/tcp-clients.ts";

/** One of several independent Redis servers. */
export interface RealStore {
  server: RedisServer;
  /** Straight to it, past every client and proxy. */
  redis: RespClient;
  /** Kills it, and starts it again with nothing in it. */
  restart(): Promise<void>;
}

export interface RealStores extends AsyncDisposable {
  stores: RealStore[];
  /** A client of its own kind for each store, or for each of these addresses. */
  clients(urls?: string[], kinds?: ClientKind[]): Promise<TcpClient[]>;
  /** What each store has at this key. */
  values(key: string): Promise<(string | null)[]>;
  /** What is left at each store under this prefix, without records that expire. */
  leftovers(prefix: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Real servers that know nothing of one another. */
export async function realStores(count: number): Promise<RealStores> {
  const closers: (() => unknown)[] = [];
  const stores = await Promise.all(
    Array.from({ length: count }, async (): Promise<RealStore> => {
      let server = await startRedis();
      const redis = respClient(server.url);
      closers.push(
        () => redis.close(),
        () => server.stop(),
      );
      return {
        get server() {
          return server;
        },
        redis,
        async restart() {
          await server.kill("SIGKILL");
          await server.stop();
          server = await startRedis({ port: server.port });
        },
      };
    }),
  );

  async function stop(): Promise<void> {
    await Promise.all(closers.splice(0).map((close) => close()));
  }
  return {
    stores,
    async clients(urls = stores.map(({ server }) => server.url), kinds = ["ioredis", "node-redis"]) {
      const made = await Promise.all(urls.map((url, i) => tcpClient(kinds[i % kinds.length] as ClientKind, url)));
      for (const client of made) closers.unshift(() => client.close());
      return made;
    },
    values: (key) => Promise.all(stores.map(async ({ redis }) => asText(await redis.send("GET", key)))),
    async leftovers(prefix) {
      const found = await Promise.all(stores.map(({ redis }) => keysOf(redis, prefix)));
      return found.flatMap((keys, i) => keys.map((key) => `[${i}] ${key}`));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export const asText = (reply: RespReply | undefined): string | null =>
  reply === null || reply === undefined ? null : String(reply);

async function keysOf(redis: RespClient, prefix: string): Promise<string[]> {
  const keys = ((await redis.send("KEYS", `*${prefix}*`)) as Buffer[]).map(String);
  const ttls = await redis.sendAll(keys.map((key) => ["PTTL", key]));
  return keys.filter((key, i) => !(key.startsWith("fence.7t5:") && Number(ttls[i]) > 0) && ttls[i] !== -2);
}
