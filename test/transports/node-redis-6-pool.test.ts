import { createClientPool } from "redis";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { conforms } from "../support/conformance.ts";

conforms(
  async (url) => {
    const pool = createClientPool({ url }, { minimum: 1, maximum: 4 });
    await pool.connect();
    return { transport: nodeRedis(pool), close: () => pool.close() };
  },
  { inLine: false },
);
