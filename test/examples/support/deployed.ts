import { afterAll, beforeAll } from "vitest";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { type RespClient, respClient } from "../../support/resp.ts";
import { type Deployment, deploy } from "./deploy.ts";

/** An example, ready to be run, and a Redis that nobody else uses. There from the first test of the file to the last. */
export interface Deployed {
  folder: string;
  redisUrl: string;
  redis: RespClient;
}

/** Call it at the top of a file. */
export function deployed(example: string): Deployed {
  let app: Deployment | undefined;
  let server: RedisServer | undefined;
  let redis: RespClient | undefined;
  beforeAll(async () => {
    app = deploy(example);
    server = await startRedis();
    redis = respClient(server.url);
  });
  afterAll(async () => {
    redis?.close();
    await server?.stop();
    app?.remove();
  });
  return {
    get folder() {
      return (app as Deployment).folder;
    },
    get redisUrl() {
      return (server as RedisServer).url;
    },
    get redis() {
      return redis as RespClient;
    },
  };
}
