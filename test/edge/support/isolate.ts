import { Miniflare } from "miniflare";
import type { Order } from "../workers/routes.ts";
import { bundle } from "./bundle.ts";
import { type Call, call } from "./client.ts";

export const COMPATIBILITY_DATE = "2026-07-30";

/** How a route ended. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what a route answers is its own affair.
  value?: any;
  error?: { code?: string; reason?: string; message: string; attempts?: number };
}

/** One isolate of workerd that runs test/edge/workers/routes.ts. */
export interface Isolate {
  send(route: string, order: Order): Call<Answer>;
  /** What the isolate noted so far: events, unhandled rejections. */
  log(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Rest {
  url: string;
  token: string;
  prefix: string;
}

const WORKER = `
import { handle } from "./routes.ts";
export default { fetch: (request, env, context) => handle(request, context) };`;

export async function startIsolate(rest: Rest, flags: string[] = []): Promise<Isolate> {
  const contents = await bundle(WORKER, { define: { REST: rest } });
  const miniflare = new Miniflare({
    cf: false,
    workers: [
      {
        name: "edge",
        modules: [{ type: "ESModule", path: "index.mjs", contents }],
        compatibilityDate: COMPATIBILITY_DATE,
        compatibilityFlags: flags,
        // Past miniflare's own Worker, so that a client that leaves is seen by this one.
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  });
  const url = await miniflare.unsafeGetDirectURL("edge");
  const send = (route: string, order: Order) => call<Answer>(new URL(`/${route}`, url), order);
  return {
    send,
    log: async () => (await send("log", {}).answer).value,
    close: () => miniflare.dispose(),
  };
}
