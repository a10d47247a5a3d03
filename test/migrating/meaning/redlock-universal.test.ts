import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, inject, vi } from "vitest";
import { ioredis } from "../../../adapters/ioredis.ts";
import { createLocks } from "../../../src/index.ts";
import { failsWith, noUnhandledRejections, outcome } from "../../support/outcome.ts";
import { until } from "../../support/redis-process.ts";
import { createLock, createRedlock, IoredisAdapter, universal } from "../libraries.ts";
import { meanings } from "./table.ts";

noUnhandledRejections();

let client: Redis;
let adapter: IoredisAdapter;
beforeAll(() => {
  client = new Redis(inject("redisUrl"));
  adapter = new IoredisAdapter(client);
});
afterEach(() => void vi.useRealTimers());
afterAll(() => client.disconnect());

let count = 0;
const fresh = () => `meaning-universal-${process.pid}-${++count}`;
const ours = () => createLocks(ioredis(client), { prefix: "" });

/** How often it asks for the key while another has it, and the pauses in between. */
async function attempts(make: (key: string) => { acquire(): Promise<unknown> }) {
  const key = fresh();
  await client.set(key, "another", "PX", 60_000);
  const pauses: unknown[] = [];
  const set = vi.spyOn(client, "set");
  const later = globalThis.setTimeout;
  const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation(((callback: () => void, ms: number) => {
    // The limit of each command.
    if (ms === 5000) return later(callback, ms);
    pauses.push(ms);
    return later(callback, 0);
  }) as never);
  const { error } = await outcome(make(key).acquire());
  const times = set.mock.calls.length;
  for (const spy of [set, timer]) spy.mockRestore();
  await client.del(key);
  return { error, times, pauses };
}

meanings("redlock-universal 0.8.5", ({ row, shown, plain }) => {
  plain("`createLock({ adapter, key })`, one object a lock", "a signature");

  row("`ttl: 30000`", async () => {
    const key = fresh();
    const lock = createLock({ adapter, key });
    const handle = await lock.acquire();
    expect([handle.ttl, universal.DEFAULTS.TTL]).toEqual([30_000, 30_000]);
    await lock.release(handle);
  });

  row("`retryAttempts: 3`, `retryDelay: 100` (200 over several servers)", async () => {
    const one = await attempts((key) => createLock({ adapter, key }));
    expect([one.times, one.pauses]).toEqual([4, [100, 100, 100]]);
    const many = await attempts((key) => createRedlock({ adapters: [adapter], key }));
    expect([many.times, many.pauses]).toEqual([4, [200, 200, 200]]);
  });

  row("`retryAttempts: 0`", async () => {
    const { error, times } = await attempts((key) => createLock({ adapter, key, retryAttempts: 0 }));
    expect([(error as Error).name, times]).toEqual(["LockAcquisitionError", 1]);
  });

  shown(
    "`LockAcquisitionError`, for busy and outage alike",
    "comparison/outage.test.ts",
    "redlock-universal: one class and code for both; the message differs for one server, not for several",
  );
  shown(
    "`isLocked(key)`, `false` during an outage",
    "comparison/outage.test.ts",
    "redlock-universal: isLocked says false during an outage",
  );

  row("`extend(handle, ttl)` resolves to `false` when lost", async () => {
    const key = fresh();
    const lock = createLock({ adapter, key, ttl: 60_000 });
    const handle = await lock.acquire();
    expect(await lock.extend(handle, 5000)).toBe(true);
    expect(await client.pttl(key)).toBeLessThanOrEqual(5000);
    await client.del(key);
    expect(await lock.extend(handle, 5000)).toBe(false);

    const lease = await ours().acquire(key);
    await client.del(key);
    await failsWith("LOST", lease.extend());
  });

  row("`release(handle)` resolves to a boolean", async () => {
    const lock = createLock({ adapter, key: fresh() });
    const handle = await lock.acquire();
    expect([await lock.release(handle), await lock.release(handle)]).toEqual([true, false]);
  });

  row("`using(routine)` renews when a fifth of the ttl is left", async () => {
    const key = fresh();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    await createLock({ adapter, key, ttl: 60_000 }).using(async () => {
      await client.pexpire(key, 30_000);
      vi.advanceTimersByTime(47_999);
      expect(await client.pttl(key)).toBeLessThanOrEqual(30_000);
      vi.advanceTimersByTime(1);
      await until(async () => (await client.pttl(key)) > 30_000, "it was not renewed");
    });
  });
  shown(
    "`using` returns the result although the lock was lost",
    "comparison/expired.test.ts",
    "redlock-universal, using: the signal is quiet, and the result comes back as if nothing had happened",
    "holdfast: not held, and what was returned comes back inside an error",
  );

  row("`signal.error`", async () => {
    const key = fresh();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    await createLock({ adapter, key, ttl: 60_000 }).using(async (signal) => {
      await client.del(key);
      vi.advanceTimersByTime(48_000);
      await until(async () => signal.aborted, "nobody was told");
      expect((signal as { error?: unknown }).error).toBeInstanceOf(Error);
    });
  });

  row("`timeout: 5000` of an adapter", () => expect(universal.DEFAULTS.REDIS_TIMEOUT).toBe(5000));

  row("`clockDriftFactor`", () => expect(universal.DEFAULTS.CLOCK_DRIFT_FACTOR).toBe(0.01));

  row("`performance`, `logger`, metrics, health", () => {
    for (const name of ["Logger", "MetricsCollector", "HealthChecker"]) expect(universal).toHaveProperty(name);
  });

  row("`MemoryAdapter`", async () => {
    const lock = createLock({ adapter: new universal.MemoryAdapter(), key: fresh(), retryAttempts: 0 });
    const handle = await lock.acquire();
    await expect(lock.acquire()).rejects.toThrow("already held");
    await lock.release(handle);
  });
});
