import { EventEmitter, once } from "node:events";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createLock, IoredisAdapter, tryLock, UpstashLock, UpstashRedis } from "../migrating/libraries.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";

noUnhandledRejections();

const connect = async () => {
  const client = createClient({ url: inject("redisUrl") });
  client.on("error", () => {});
  await client.connect();
  return client;
};
type Client = Awaited<ReturnType<typeof connect>>;

let client: Client;
let redis: Redis;
let rest: RestServer;
beforeAll(async () => {
  client = await connect();
  redis = new Redis(inject("redisUrl"));
  rest = await startRestServer({ redisUrl: inject("redisUrl") });
});
afterAll(async () => {
  await client?.close();
  redis.disconnect();
  await rest?.close();
});
const fresh = () => `race-${process.pid}-${Math.random().toString(36).slice(2)}`;

/** The client of a process that is paused before it sends this command, until `resume`. */
function pausedBefore(command: "incr" | "pExpire"): { client: Client; reached: Promise<unknown>; resume(): void } {
  const gate = new EventEmitter();
  const reached = once(gate, "reached");
  const paused = new Proxy(client, {
    get(target, property) {
      const member = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      if (property !== command) return member.bind(target);
      return async (...args: unknown[]) => {
        const resumed = once(gate, "resume");
        gate.emit("reached");
        await resumed;
        return member.apply(target, args);
      };
    },
  });
  return { client: paused, reached, resume: () => void gate.emit("resume") };
}

describe("simple-redis-mutex", () => {
  test("a process that is paused between SET and INCR gets the larger fence, although it was first", async () => {
    const name = fresh();
    const slow = pausedBefore("incr");
    const first = tryLock(slow.client, name, { timeout: 100 });
    await slow.reached;
    await expect.poll(() => redis.exists(`@simple-redis-mutex:lock-${name}`), { timeout: 15_000 }).toBe(0);
    const [, second] = await tryLock(client, name, { timeout: 60_000 });
    slow.resume();
    const [, late] = await first;
    expect(late.fencingToken).toBeGreaterThan(second.fencingToken);
    await second();
  });

  test("a process that is paused within refreshTimeout prolongs the lock of another", async () => {
    const name = fresh();
    const slow = pausedBefore("pExpire");
    const [, first] = await tryLock(slow.client, name, { timeout: 3000 });
    const refreshing = first.refreshTimeout();
    await slow.reached;
    await expect.poll(() => redis.exists(`@simple-redis-mutex:lock-${name}`), { timeout: 15_000 }).toBe(0);
    const [, second] = await tryLock(client, name, { timeout: 60_000 });
    slow.resume();
    await refreshing;
    // Here it is cut to the first one's timeout.
    expect(await redis.pttl(`@simple-redis-mutex:lock-${name}`)).toBeLessThanOrEqual(3000);
    await second();
  });
});

test("@upstash/lock: a second acquire through the same object forgets the lock that the first one holds", async () => {
  const id = fresh();
  const lock = new UpstashLock({ id, redis: new UpstashRedis(rest), retry: { attempts: 1, delay: 0 } });
  expect(await Promise.all([lock.acquire(), lock.acquire()])).toEqual([true, false]);
  expect(await lock.release()).toBe(false);
  expect(await redis.exists(id)).toBe(1);
});

test("redlock-universal: with a ttl of 1.25 s, using extends without a pause", async () => {
  const key = fresh();
  const own = new Redis(inject("redisUrl"));
  let sent = 0;
  const counting = new Proxy(own, {
    get(target, property) {
      const member = Reflect.get(target, property);
      if (property === "evalsha") sent++;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  await createLock({ adapter: new IoredisAdapter(counting), key, ttl: 1250 }).using(() =>
    until(async () => sent > 20, "it paused", 5000),
  );
  own.disconnect();
});
