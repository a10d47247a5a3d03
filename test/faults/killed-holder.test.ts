import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { type KeyRing, keyRing } from "../support/key-ring.ts";
import { noUnhandledRejections, SLACK } from "../support/outcome.ts";
import { type RespClient, respClient } from "../support/resp.ts";

const TTL = 2000;
const script = fileURLToPath(new URL("../support/holder-child.ts", import.meta.url));
const prefix = `${inject("redisPrefix")}killed:`;

noUnhandledRejections();
let client: Redis;
let redis: RespClient;
let keys: KeyRing;
let locks: Locks;
beforeAll(() => {
  client = new Redis(inject("redisUrl"));
  redis = respClient(inject("redisUrl"));
  keys = keyRing(redis, prefix);
  locks = createLocks(ioredis(client), { prefix });
});
afterAll(() => {
  client.disconnect();
  redis.close();
});

test("the lock of a killed process is free after its ttl, and not before", async () => {
  const lock = keys.fresh();
  const child = spawn(process.execPath, [script, inject("redisUrl"), prefix, lock.name, String(TTL)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [fence] = await once(child.stdout, "data");
  // Longer than the ttl: it lives on by its renewals.
  await sleep(TTL * 1.5);
  expect(await locks.query(lock.name)).toMatchObject({ holders: [{ owner: "the killed one", fence: Number(fence) }] });
  child.kill("SIGKILL");
  await exited;

  const killed = performance.now();
  const left = await keys.pttl(lock);
  expect(left).toBeGreaterThan(0);
  expect(await locks.tryAcquire(lock.name)).toBeNull();
  const lease = await locks.acquire(lock.name, { wait: "15s" });
  const waited = performance.now() - killed;
  expect(waited).toBeGreaterThan(left - 20);
  expect(waited).toBeLessThan(left + SLACK);
  expect(lease.fence).toBeGreaterThan(Number(fence));
  expect(await lease.release()).toBe(true);
  await keys.expectNothingLeft(lock);
});
