import { Redis as UpstashRedis } from "@upstash/redis";
import { type UpstashOptions, upstash } from "../../adapters/upstash.ts";
import { createLocks, type Locks, type LocksOptions, type Transport } from "../../src/index.ts";
import { type KeyRing, keyRing } from "./key-ring.ts";
import { type RespClient, respClient } from "./resp.ts";
import { type RestServer, type RestServerOptions, startRestServer } from "./rest-server.ts";

/** Who speaks REST: our own caller, `@upstash/redis` in our adapter, or `@upstash/redis` passed as it is. */
export type Caller = "own" | "sdk" | "bare sdk";

export interface RestBench extends KeyRing {
  server: RestServer;
  /** Past the REST server, straight to Redis. */
  redis: RespClient;
  transport(caller?: Caller, options?: Partial<UpstashOptions>): Transport;
  locks(options?: LocksOptions, caller?: Caller): Locks;
  close(): Promise<void>;
}

/** Locks over REST, and a view of the Redis behind it. Keys are unique to each lock of `fresh()`. */
export async function restBench(prefix: string, options: RestServerOptions): Promise<RestBench> {
  const server = await startRestServer(options);
  const redis = respClient(options.redisUrl);
  const { url, token } = server;

  function transport(caller: Caller = "own", more: Partial<UpstashOptions> = {}): Transport {
    if (caller === "own") return upstash({ url, token, timeout: 1000, ...more });
    const client = new UpstashRedis({ url, token });
    return caller === "sdk" ? upstash(client) : client;
  }

  return {
    server,
    redis,
    ...keyRing(redis, prefix),
    transport,
    locks(more, caller) {
      // What is given up is over soon, and what a busy machine makes slow is not given up.
      const { commandTimeout = 5000 } = more ?? {};
      const timeout = typeof commandTimeout === "number" ? Math.max(1000, commandTimeout) : 1000;
      return createLocks(transport(caller, { timeout }), { prefix, ...more });
    },
    async close() {
      await server.close();
      redis.close();
    },
  };
}
