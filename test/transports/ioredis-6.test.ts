import { Redis } from "ioredis";
import { ioredis } from "../../adapters/ioredis.ts";
import { conforms } from "../support/conformance.ts";

conforms((url) => {
  const client = new Redis(url);
  return { transport: ioredis(client), close: () => client.quit() };
});
