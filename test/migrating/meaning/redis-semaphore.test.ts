import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, vi } from "vitest";
import { ioredis } from "../../../adapters/ioredis.ts";
import { createLocks } from "../../../src/index.ts";
import { noUnhandledRejections } from "../../support/outcome.ts";
import { until } from "../../support/redis-process.ts";
import { defaultTimeoutOptions, Mutex } from "../libraries.ts";
import { meanings } from "./table.ts";

noUnhandledRejections();

let client: Redis;
beforeAll(() => {
  client = new Redis(inject("redisUrl"));
});
afterAll(() => client.disconnect());

let count = 0;
const fresh = () => `meaning-semaphore-${process.pid}-${++count}`;
const mutexAt = (key: string, options = {}) => new Mutex(client as never, key, options);
const ours = () => createLocks(ioredis(client), { prefix: "mutex:" });

/** How often it asks for the key while another has it. */
async function attempts(options: object): Promise<number> {
  const key = fresh();
  await client.set(`mutex:${key}`, "another", "PX", 60_000);
  const set = vi.spyOn(client, "set");
  try {
    expect(await mutexAt(key, options).tryAcquire()).toBe(false);
    return set.mock.calls.length;
  } finally {
    set.mockRestore();
    await client.del(`mutex:${key}`);
  }
}

meanings("redis-semaphore 5.8.0", ({ row, shown, plain }) => {
  plain("`new Mutex(client, key)`, one object a lock", "a constructor's signature");

  row("`acquire()` renews by default", async () => {
    const key = fresh();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const mutex = mutexAt(key);
    await mutex.acquire();
    expect(vi.getTimerCount()).toBe(1);
    await mutex.release();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();

    const lease = await ours().acquire(key, { ttl: "600ms" });
    await until(async () => !lease.held, "it was renewed");
    await ours().request(key, { ttl: "6s" }, async () => {
      await client.pexpire(`mutex:${key}`, 5000);
      await until(async () => (await client.pttl(`mutex:${key}`)) > 5000, "it was not renewed");
    });
  });

  row("**`tryAcquire()` waits for `acquireTimeout`**", async () => {
    expect(await attempts({ acquireTimeout: 1500 })).toBeGreaterThan(1);
    expect(await attempts({ acquireAttemptsLimit: 1 })).toBe(1);
  });

  shown(
    "`false`, `TimeoutError`",
    "comparison/outage.test.ts",
    "redis-semaphore, Mutex: a TimeoutError when busy, the client's error during an outage",
    "redis-semaphore, RedlockMutex: a TimeoutError for both, word for word",
  );

  row("`lockTimeout: 10000`", async () => {
    const [key, name] = [fresh(), fresh()];
    const mutex = mutexAt(key, { refreshInterval: 0 });
    await mutex.acquire();
    expect(defaultTimeoutOptions.lockTimeout).toBe(10_000);
    expect(await client.pttl(`mutex:${key}`)).toBeLessThanOrEqual(10_000);
    await mutex.release();
    const lease = await ours().acquire(name);
    expect(await client.pttl(`mutex:${name}`)).toBeGreaterThan(15_000);
    await lease.release();
  });

  row("`acquireTimeout: 10000`", () => expect(defaultTimeoutOptions.acquireTimeout).toBe(10_000));

  row("`acquireAttemptsLimit`", async () => {
    expect(defaultTimeoutOptions.acquireAttemptsLimit).toBe(Infinity);
    expect(await attempts({ acquireAttemptsLimit: 3 })).toBe(3);
  });

  row("`retryInterval: 10`", () => expect(defaultTimeoutOptions.retryInterval).toBe(10));

  row("`refreshInterval`, 0.8 of the `lockTimeout`", async () => {
    const key = fresh();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const mutex = mutexAt(key, { lockTimeout: 60_000 });
    await mutex.acquire();
    await client.pexpire(`mutex:${key}`, 30_000);
    vi.advanceTimersByTime(47_999);
    expect(await client.pttl(`mutex:${key}`)).toBeLessThanOrEqual(30_000);
    vi.advanceTimersByTime(1);
    await until(async () => (await client.pttl(`mutex:${key}`)) > 30_000, "it was not renewed");
    await mutex.release();
    vi.useRealTimers();
  });

  shown(
    "`onLockLost`; without it a lost lock is an unhandled rejection, which ends a Node process",
    "comparison/unhandled.test.ts",
    "redis-semaphore: dies when its lock is deleted, unless it has onLockLost",
    "holdfast: lives when its lock is deleted, and when Redis refuses",
  );

  shown(
    "`isAcquired`: until a refresh has failed",
    "comparison/expired.test.ts",
    "redis-semaphore, Mutex: isAcquired is true although Redis has freed the lock",
    "holdfast: not held, and what was returned comes back inside an error",
  );

  row("`identifier`, `acquiredExternally: true`", async () => {
    const [key, name] = [fresh(), fresh()];
    const first = mutexAt(key, { refreshInterval: 0 });
    await first.acquire();
    const second = mutexAt(key, { identifier: first.identifier, acquiredExternally: true, refreshInterval: 0 });
    await second.acquire();
    await second.release();
    expect(await client.exists(`mutex:${key}`)).toBe(0);

    const restored = ours().restore((await ours().acquire(name)).handOver());
    expect(restored.held).toBe(false);
    expect(await restored.verify()).toBe(true);
    expect(restored.held).toBe(true);
    await restored.release();
  });

  row("`acquire(abortSignal)`", async () => {
    const key = fresh();
    await client.set(`mutex:${key}`, "another", "PX", 60_000);
    const signal = AbortSignal.abort("enough");
    await expect(mutexAt(key).acquire(signal)).rejects.toBe("enough");
    await expect(ours().acquire(key, { signal })).rejects.toBe("enough");
    await client.del(`mutex:${key}`);
  });

  row("`stopRefresh()`", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const mutex = mutexAt(fresh());
    await mutex.acquire();
    mutex.stopRefresh();
    expect([vi.getTimerCount(), mutex.isAcquired]).toEqual([0, true]);
    await mutex.release();
    vi.useRealTimers();
  });

  row("`release()` resolves to nothing", async () => {
    const [key, name] = [fresh(), fresh()];
    const mutex = mutexAt(key, { refreshInterval: 0 });
    await mutex.acquire();
    await client.del(`mutex:${key}`);
    expect(await mutex.release()).toBeUndefined();
    expect(await (await ours().acquire(name)).release()).toBe(true);
  });
});
