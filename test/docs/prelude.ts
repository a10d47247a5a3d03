/** What `ambient.d.ts` declares, over memory, and what calls a sample. */
import { command } from "../../adapters/command.ts";
import { createLocks } from "../../src/index.ts";
import { type Send, server } from "./over-memory.ts";

const send: Send = server();
const done = async () => {};
const env = { UPSTASH_REDIS_REST_URL: "https://example.upstash.io", UPSTASH_REDIS_REST_TOKEN: "token" };

Object.assign(process.env, env);
Object.assign(globalThis, {
  locks: createLocks(command(send)),
  env,
  url: env.UPSTASH_REDIS_REST_URL,
  client: { send },
  subscriber: { subscribe: done, unsubscribe: done },
  bunRedis: { send: (name: string, args: string[]) => send([name, ...args]) },
  glide: { customCommand: send },
  denoRedis: { sendCommand: (name: string, args: string[]) => send([name, ...args]) },
  database: { query: async () => ({ rowCount: 1 }) },
  batches: [["a"], ["b"]],
  fetchRates: async () => ({ USD: 1.08 }),
  fetchNewToken: async () => "token",
  encrypt: async (text: string) => text,
  decrypt: async (text: string) => text,
  refreshToken: async () => ({ access_token: "token", expires_in: 3600 }),
  charge: async () => "receipt",
  importBatch: done,
  sendReport: done,
  rebuildCache: done,
  encodeVideo: done,
  store: done,

  /** Upstash. */
  async fetch(_url: string, { body }: { body: string }): Promise<Response> {
    try {
      return Response.json({ result: await send(JSON.parse(body)) });
    } catch (error) {
      return Response.json({ error: (error as Error).message }, { status: 400 });
    }
  },
});

interface Sample {
  default?: Worker;
  POST?(): Promise<Response>;
}

interface Worker {
  fetch?(request: Request, env: object, ctx: object): Promise<Response>;
  scheduled?(controller: object, env: object, ctx: object): Promise<void>;
}

/** Runs the sample, and calls what it exports as a Worker's platform would. */
export async function run(sample: string): Promise<void> {
  const { default: worker = {}, POST: route } = (await import(sample)) as Sample;
  const background: Promise<unknown>[] = [];
  const ctx = { waitUntil: (promise: Promise<unknown>) => void background.push(promise) };
  const response = await (route ? route() : worker.fetch?.(new Request("https://worker.example/"), env, ctx));
  if (response?.ok === false) throw new Error(await response.text());
  await worker.scheduled?.({ scheduledTime: 1_793_491_200_000 }, env, ctx);
  await Promise.all(background);
}
