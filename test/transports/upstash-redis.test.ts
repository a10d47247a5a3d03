import { Redis } from "@upstash/redis";
import { upstash } from "../../adapters/upstash.ts";
import { conforms } from "../support/conformance.ts";
import { startRestServer } from "../support/rest-server.ts";

conforms(async (redisUrl) => {
  const { url, token, close } = await startRestServer({ redisUrl });
  return { transport: upstash(new Redis({ url, token })), close };
});
