import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks, type LockEvent, type Locks } from "../../src/index.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import { SYSTEMS } from "./systems.ts";

noUnhandledRejections();

const DELETE_IF_MINE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

let client: Redis;
beforeAll(() => {
  client = new Redis(inject("redisUrl"));
});
afterAll(() => client.disconnect());
const fresh = () => `python-${process.pid}-${Math.random().toString(36).slice(2)}`;
const locksAt = (prefix: string): Locks => createLocks(ioredis(client), { prefix });

describe.concurrent.for(SYSTEMS)("$system", ({ prefix, life }) => {
  const take = (key: string, value: string) => client.call("SET", key, value, "NX", ...life.map(String));

  test("holds: we are refused, and get the lock after its release", async () => {
    const [name, value] = [fresh(), randomUUID()];
    const ours = locksAt(prefix);
    expect(await take(prefix + name, value)).toBe("OK");
    expect(await ours.tryAcquire(name)).toBeNull();
    const { remaining } = await ours.query(name);
    expect(remaining === Infinity).toBe(life.length === 0);
    const waiting = ours.acquire(name, { retry: { min: 20, max: 20 } });
    expect(await client.eval(DELETE_IF_MINE, 1, prefix + name, value)).toBe(1);
    expect(await (await waiting).release()).toBe(true);
  });

  test("is refused while we hold, cannot release ours, and gets the lock after our release", async () => {
    const [name, value] = [fresh(), randomUUID()];
    const lease = await locksAt(prefix).acquire(name);
    expect(await take(prefix + name, value)).toBeNull();
    expect(await client.eval(DELETE_IF_MINE, 1, prefix + name, value)).toBe(0);
    expect(await lease.release()).toBe(true);
    expect(await take(prefix + name, value)).toBe("OK");
    await client.del(prefix + name);
  });
});

test("a waiter of python-redis-lock (BLPOP) does not hear of our release; it does if we push its signal", async () => {
  const name = fresh();
  const waiter = new Redis(inject("redisUrl"));
  const signal = (name: string) => `lock-signal:${name}`;
  const onEvent = ({ type, name }: LockEvent) => {
    if (type === "released") void client.multi().lpush(signal(name), 1).pexpire(signal(name), 1000).exec();
  };
  const first = await locksAt("lock:").acquire(name);
  const woken = waiter.blpop(signal(name), 0);
  await first.release();
  expect(await Promise.race([woken, sleep(200, "still waiting")])).toBe("still waiting");

  const second = await createLocks(ioredis(client), { onEvent }).acquire(name);
  await second.release();
  expect(await woken).toEqual([signal(name), "1"]);
  waiter.disconnect();
});

test("redismutex compares and deletes in two steps: between them it can delete a lock of ours, which we notice", async () => {
  const [name, value] = [fresh(), randomUUID()];
  await client.call("SET", name, value, "NX", "PX", "300");
  expect(await client.get(name)).toBe(value); // its own: it goes on to delete
  const lease = await locksAt("").acquire(name);
  await client.del(name);
  expect(await lease.verify()).toBe(false);
  expect((await failsWith("LOST", lease.extend())).reason).toBe("deleted");
});
