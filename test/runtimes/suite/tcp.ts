import type { Transport } from "holdfast";
import { ioredis } from "holdfast/ioredis";
import { nodeRedis } from "holdfast/node-redis";
import { Redis } from "ioredis";
import { createClient } from "redis";

/** Transports over TCP, two of each as two processes have, and the end of their clients. */
export interface Tcp {
  ioredis: Transport[];
  "node-redis": Transport[];
  close(): Promise<void>;
}

/** Before any test, so that none of them is blamed for the connections. */
export async function connectTcp(url: string): Promise<Tcp> {
  const first = [0, 1].map(() => new Redis(url));
  const second = [0, 1].map(() => createClient({ url }));
  // Every failure of theirs is a failure of a test.
  for (const client of [...first, ...second]) client.on("error", () => {});
  await Promise.all([...first.map((client) => client.ping()), ...second.map((client) => client.connect())]);
  return {
    ioredis: first.map((client) => ioredis(client)),
    "node-redis": second.map((client) => nodeRedis(client)),
    async close() {
      await Promise.all([...first.map((client) => client.quit()), ...second.map((client) => client.close())]);
    },
  };
}
