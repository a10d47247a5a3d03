import { Redis } from "@upstash/redis";
import { conforms } from "../support/conformance.ts";
import { startRestServer } from "../support/rest-server.ts";

conforms(
  async (redisUrl) => {
    const { url, token, close } = await startRestServer({ redisUrl });
    return { transport: new Redis({ url, token }), close };
  },
  { inLine: false },
);
