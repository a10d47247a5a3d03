import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import type { Transport } from "../../src/index.ts";

export type ClientKind = "ioredis" | "node-redis";
export const CLIENTS: ClientKind[] = ["ioredis", "node-redis"];

export interface TcpClient {
  transport: Transport;
  /** Ends the connection at once, whatever state it is in. */
  close(): void;
}

/** A client as its users make it; connecting goes on in the background, and again after each loss. */
export async function tcpClient(kind: ClientKind, url: string): Promise<TcpClient> {
  // Each only where it is used: a process that has one of them starts in half the time.
  if (kind === "ioredis") {
    const { Redis } = await import("ioredis");
    const client = new Redis(url);
    client.on("error", () => {});
    return { transport: ioredis(client), close: () => client.disconnect() };
  }
  const { createClient } = await import("redis");
  const client = createClient({ url });
  client.on("error", () => {});
  const connecting = client.connect().catch(() => {});
  // Without a server it never ends: who wants to see that does not wait for it.
  await Promise.race([connecting, new Promise((resolve) => setTimeout(resolve, 500))]);
  return { transport: nodeRedis(client), close: () => client.destroy() };
}
