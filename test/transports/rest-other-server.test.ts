import { upstash } from "../../adapters/upstash.ts";
import { conforms } from "../support/conformance.ts";
import { startRestServer } from "../support/rest-server.ts";

// A server of the same protocol that is not Upstash's: no DELEX, no flag that lets scripts run side by side.
conforms(
  async (redisUrl) => {
    const { url, token, close } = await startRestServer({ redisUrl, delex: false, keyLocking: "refuse" });
    return { transport: upstash({ url, token }), close };
  },
  { inLine: false },
);
