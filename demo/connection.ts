import { once } from "node:events";
import { ioredis } from "../adapters/ioredis.ts";
import { upstash } from "../adapters/upstash.ts";
import type { Transport } from "../src/index.ts";

/** Which Redis, and by which wire. */
export type Source = { kind: "redis"; url: string } | { kind: "upstash" };

export interface Connection {
  transport: Transport;
  /** Rejects when the connection has ended: then there is nothing to wait for. */
  lost: Promise<never>;
  close(): void;
}

/** Where it leads, without what must not be shown. */
export function address(source: Source): string {
  if (source.kind === "redis") return `Redis at ${new URL(source.url).host || "localhost"}`;
  return `Upstash at ${URL.parse(process.env.UPSTASH_REDIS_REST_URL ?? "")?.host ?? "an address that is no URL"}`;
}

/** @throws with a sentence for the terminal if nobody answers. */
export async function connect(source: Source): Promise<Connection> {
  try {
    const connection = source.kind === "redis" ? await byTcp(source.url) : byRest();
    await connection.transport.eval("return 1", [], []);
    return connection;
  } catch (error) {
    throw error instanceof TypeError ? error : new Error(`${address(source)} does not answer: ${reason(error)}`);
  }
}

function byRest(): Connection {
  return { transport: upstash.fromEnv(process.env), lost: new Promise(() => {}), close() {} };
}

async function byTcp(url: string): Promise<Connection> {
  const { Redis } = await import("ioredis");
  const client = new Redis(url, { lazyConnect: true, connectTimeout: 3000, retryStrategy: () => null });
  let reported: Error | undefined;
  client.on("error", (error: Error) => {
    reported = error;
  });
  await client.connect().catch((error: Error) => {
    throw reported ?? error;
  });
  const lost = once(client, "end").then(() => {
    throw new Error(`${address({ kind: "redis", url })} ended the connection`);
  });
  lost.catch(() => {});
  return { transport: ioredis(client), lost, close: () => client.disconnect() };
}

/** A connection that was refused on every address of a name is an AggregateError without a message. */
function reason(error: unknown): string {
  const { message, cause, errors, code } = error as Error & { errors?: Error[]; code?: string };
  const deeper = errors?.[0] ?? (cause as Error | undefined)?.cause;
  return message || (deeper instanceof Error && deeper.message) || code || String(error);
}
