import { Redis } from "ioredis5";
import { ioredis } from "../../adapters/ioredis.ts";
import { conforms } from "../support/conformance.ts";

conforms(
  (url) => {
    const client = new Redis(url);
    return { transport: ioredis(client), close: () => client.quit() };
  },
  { inLine: false },
);
