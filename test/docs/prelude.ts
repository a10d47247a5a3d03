/** What `ambient.d.ts` declares, over memory. */
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";

const transport = memory();
const done = async () => {};

/** A client that only sends commands, in front of memory. */
async function send([name, ...args]: string[]): Promise<unknown> {
  if (name === "SET") return transport.set(args[0] as string, args[1] as string, { nx: true, px: Number(args[4]) });
  const [script = "", count = "", ...rest] = args;
  return transport.eval(script, rest.slice(0, Number(count)), rest.slice(Number(count)));
}

Object.assign(globalThis, {
  locks: createLocks(transport),
  client: { send },
  database: { query: async () => ({ rowCount: 1 }) },
  batches: [["a"], ["b"]],
  fetchRates: async () => ({ USD: 1.08 }),
  encrypt: async (text: string) => text,
  decrypt: async (text: string) => text,
  refreshToken: async () => ({ access_token: "token", expires_in: 3600 }),
  charge: async () => "receipt",
  importBatch: done,
  sendReport: done,
  rebuildCache: done,
  encodeVideo: done,
});
