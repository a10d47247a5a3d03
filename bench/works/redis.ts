import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import { countRequests } from "../support/requests.ts";

/** Runs the work with a Redis of its own. */
export async function* withRedis<Result>(
  work: (server: RedisServer) => AsyncGenerator<Result, void>,
): AsyncGenerator<Result, void> {
  const server = await startRedis();
  try {
    yield* work(server);
  } finally {
    await server.stop();
  }
}

/** What clients send to a server while the work is done. */
export async function requestsTo({ port }: RedisServer, work: () => Promise<void>): Promise<number> {
  return (await countRequests([port], work)).sent;
}
