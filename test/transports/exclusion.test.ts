import { Redis as UpstashRedis } from "@upstash/redis";
import { GlideClient, Logger } from "@valkey/valkey-glide";
import { Redis as Redis6 } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createClient as createClient6, createClientPool } from "redis";
import { createClient as createClient4 } from "redis4";
import { createClient as createClient5 } from "redis5";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { command } from "../../adapters/command.ts";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { bunTransport } from "../support/bun-transport.ts";
import type { Connected } from "../support/conformance.ts";
import { startRestServer } from "../support/rest-server.ts";

Logger.init("off");

const CONNECT: Record<string, (redisUrl: string, rest: { url: string; token: string }) => Promise<Connected>> = {
  async "ioredis 5"(url) {
    const client = new Redis5(url);
    return { transport: ioredis(client), close: () => client.quit() };
  },
  async "ioredis 6"(url) {
    const client = new Redis6(url);
    return { transport: ioredis(client), close: () => client.quit() };
  },
  async "node-redis 4"(url) {
    const client = await createClient4({ url }).connect();
    return { transport: nodeRedis(client), close: () => client.quit() };
  },
  async "node-redis 5"(url) {
    const client = await createClient5({ url }).connect();
    return { transport: nodeRedis(client), close: () => client.close() };
  },
  async "node-redis 6"(url) {
    const client = await createClient6({ url }).connect();
    return { transport: nodeRedis(client), close: () => client.close() };
  },
  async "a pool of node-redis"(url) {
    const pool = createClientPool({ url });
    await pool.connect();
    return { transport: nodeRedis(pool), close: () => pool.close() };
  },
  async "Valkey GLIDE"(url) {
    const { hostname: host, port } = new URL(url);
    const client = await GlideClient.createClient({ addresses: [{ host, port: Number(port) }] });
    return { transport: command((args) => client.customCommand(args)), close: () => client.close() };
  },
  Bun: async (url) => bunTransport(url),
  REST: async (_, rest) => ({ transport: upstash(rest), close() {} }),
  "@upstash/redis": async (_, rest) => ({ transport: upstash(new UpstashRedis(rest)), close() {} }),
  "@upstash/redis as it is": async (_, rest) => ({ transport: new UpstashRedis(rest), close() {} }),
};

const names = Object.keys(CONNECT);
const locks = new Map<string, Locks>();
const close: (() => unknown)[] = [];

beforeAll(async () => {
  const redisUrl = inject("redisUrl");
  const server = await startRestServer({ redisUrl });
  close.push(server.close);
  for (const [name, connect] of Object.entries(CONNECT)) {
    const connected = await connect(redisUrl, server);
    close.unshift(connected.close);
    locks.set(name, createLocks(connected.transport, { prefix: `${inject("redisPrefix")}exclusion:`, ttl: "60s" }));
  }
});

afterAll(async () => {
  for (const each of locks.values()) await each.close();
  for (const each of close) await each();
});

test.concurrent.each(names)(
  "a lock that is held over %s is held for all others, and then free for them",
  async (name) => {
    const own = locks.get(name) as Locks;
    const others = names.filter((other) => other !== name).map((other) => [other, locks.get(other) as Locks] as const);
    const lease = await own.acquire(name, { owner: name });
    for (const [other, theirs] of others) {
      expect(await theirs.tryAcquire(name), other).toBe(null);
      expect(await theirs.tryAcquire(name, { fence: false }), other).toBe(null);
      expect((await theirs.query(name)).holders, other).toMatchObject([{ owner: name, fence: lease.fence }]);
    }
    expect(await lease.release()).toBe(true);

    let { fence } = lease;
    for (const [other, theirs] of others) {
      const next = await theirs.acquire(name);
      expect(next.fence, other).toBeGreaterThan(fence);
      expect(await own.tryAcquire(name), other).toBe(null);
      expect(await next.release(), other).toBe(true);
      fence = next.fence;
    }
  },
);

test.concurrent("leases are handed from each transport to the next", async () => {
  let serialized = (await (locks.get(names[0] as string) as Locks).acquire("handed over")).handOver();
  for (const name of names) {
    const lease = (locks.get(name) as Locks).restore(serialized);
    expect(await lease.verify(), name).toBe(true);
    serialized = lease.handOver();
  }
  expect(await (locks.get(names[0] as string) as Locks).restore(serialized).release()).toBe(true);
});
