import { createClient } from "redis";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { conforms } from "../support/conformance.ts";

conforms(
  async (url) => {
    const client = await createClient({ url }).connect();
    return { transport: nodeRedis(client), close: () => client.close() };
  },
  { inLine: false },
);
