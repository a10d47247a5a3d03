/**
 * A process that waited for a message, and has nothing more to do. Takes the package of a client, Redis' address, and
 * what it is to end with. What lingers for a second lingers here for an hour.
 */
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";

const [name = "", url = "", what] = process.argv.slice(2);
const platform = globalThis.setTimeout;
Object.assign(globalThis, {
  setTimeout: (callback: () => void, ms: number, ...args: []) =>
    platform(callback, ms === 1000 ? 3_600_000 : ms, ...args),
});

async function connect() {
  if (name.startsWith("ioredis")) {
    const { Redis } = (await import(name)) as typeof import("ioredis");
    const client = new Redis(url);
    return { transport: ioredis(client), close: () => client.disconnect() };
  }
  const { createClient } = (await import(name)) as typeof import("redis");
  const client = await createClient({ url }).connect();
  return { transport: nodeRedis(client), close: () => client.disconnect() };
}

const { transport, close } = await connect();
const stop = await transport.wakeups?.listen("exit", () => {});
stop?.();
if (what === "taken back") await transport.wakeups?.listen("exit", () => {});
process.stdout.write("done");
await close();
