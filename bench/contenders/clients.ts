import { Redis } from "ioredis";
import type { Place } from "./contender.ts";

export async function openIoredis({ port }: Place): Promise<{ client: Redis; close(): Promise<void> }> {
  const client = new Redis(port, "127.0.0.1");
  await client.ping();
  return { client, close: async () => client.disconnect() };
}

export async function openNodeRedis({ port }: Place): Promise<{ client: unknown; close(): Promise<void> }> {
  const { createClient } = await import("redis");
  const client = createClient({ socket: { host: "127.0.0.1", port } });
  client.on("error", () => {});
  await client.connect();
  // simple-redis-mutex leaves its second connection to us, and rejects unhandled if that breaks first.
  const all: { destroy(): void }[] = [client];
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (options) => {
    const other = duplicate(options);
    all.push(other);
    return other;
  };
  return {
    client,
    async close() {
      client.removeAllListeners("end");
      for (const each of all) each.destroy();
    },
  };
}
