import { upstash } from "holdfast/upstash";
import type { Connection } from "./connection.ts";
import type { Server } from "./servers.ts";

/** By the Upstash REST API. */
export function overRest(server: Server, timeout: number): Connection {
  const { url, token = "" } = server;

  async function command(...args: string[]): Promise<unknown> {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(args),
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    const answer = await response.text();
    let body: { result?: unknown; error?: unknown } = {};
    try {
      body = Object(JSON.parse(answer));
    } catch {}
    if (response.ok && "result" in body) return body.result;
    const text = `${body.error ?? `HTTP ${response.status}, which is no answer of Upstash's`}`;
    throw Object.assign(new Error(text), { definitive: true });
  }

  return {
    server,
    transport: upstash({ url, token, timeout }),
    ready: async () => void (await command("PING")),
    command,
    // What the adapter and we read from an answer is marked by either; `fetch` marks nothing.
    answered: (error) => "definitive" in (error as object),
    close: () => {},
  };
}
