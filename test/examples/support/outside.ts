import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Call {
  method: string;
  path: string;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface Reply {
  status?: number;
  body: string;
}

export interface Outside {
  url: string;
  /** What it was asked, in the order of arrival. */
  calls: Call[];
  /** Waits until it was called so often. */
  called(times: number): Promise<void>;
}

/** The world that an example acts on: what arrives here was done, and how often. */
export async function outside(answer: (call: Call) => Promise<Reply> | Reply): Promise<Outside> {
  const calls: Call[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    response.on("error", () => {});
    const body = Buffer.concat(await request.toArray()).toString();
    const call = { method: request.method ?? "", path: request.url ?? "", body, headers: request.headers };
    calls.push(call);
    for (const look of waiting) look();
    const reply = await answer(call);
    response.writeHead(reply.status ?? 200).end(reply.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    called: (times) =>
      new Promise((resolve) => {
        const look = () => {
          if (calls.length < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
