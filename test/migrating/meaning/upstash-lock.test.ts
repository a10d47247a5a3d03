import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { upstash } from "../../../adapters/upstash.ts";
import { createLocks } from "../../../src/index.ts";
import { failsWith, noUnhandledRejections } from "../../support/outcome.ts";
import { type RestServer, startRestServer } from "../../support/rest-server.ts";
import { UpstashLock, UpstashRedis, upstashLock } from "../libraries.ts";
import { meanings } from "./table.ts";

noUnhandledRejections();

let rest: RestServer;
let redis: Redis;
beforeAll(async () => {
  redis = new Redis(inject("redisUrl"));
  rest = await startRestServer({ redisUrl: inject("redisUrl") });
});
afterAll(async () => {
  redis.disconnect();
  await rest?.close();
});

let count = 0;
const fresh = () => `meaning-upstash-${process.pid}-${++count}`;
const lockAt = (id: string, options = {}) => new UpstashLock({ id, redis: new UpstashRedis(rest), ...options });
const ours = () => createLocks(upstash(rest), { prefix: "" });

/** How often it asks for the id while another has it, and the pauses after each. */
async function attempts(options = {}) {
  const id = fresh();
  await redis.set(id, "another", "PX", 60_000);
  const timer = vi.spyOn(globalThis, "setTimeout");
  expect(await lockAt(id, options).acquire()).toBe(false);
  const pauses = timer.mock.calls.map(([, ms]) => ms).filter((ms) => ms === 100);
  timer.mockRestore();
  await redis.del(id);
  const asked = rest.requests.flatMap(({ commands }) => commands).filter((command) => command[1] === id);
  return { times: asked.length, pauses };
}

meanings("@upstash/lock 0.2.1", ({ row, shown }) => {
  shown(
    "`new Lock({ id, redis })`, one object for each holder: a second `acquire` through it forgets the first",
    "comparison/races.test.ts",
    "@upstash/lock: a second acquire through the same object forgets the lock that the first one holds",
  );
  shown(
    "`acquire()` resolves to `true` or `false`",
    "comparison/outage.test.ts",
    "@upstash/lock: false when busy, the client's error during an outage",
  );

  row("`lease: 10000`", async () => {
    const lock = lockAt(fresh());
    await lock.acquire();
    expect(await redis.pttl(lock.id)).toBeLessThanOrEqual(10_000);
    await lock.release();
  });

  row("`retry: { attempts: 3, delay: 100 }`", async () => {
    expect(await attempts()).toEqual({ times: 3, pauses: [100, 100, 100] });
    expect((await attempts({ retry: { attempts: 1, delay: 0 } })).times).toBe(1);
  });

  row("`extend(ms)` **adds** to the time left, in whole seconds", async () => {
    const lock = lockAt(fresh(), { lease: 60_000 });
    await lock.acquire();
    expect(await lock.extend(30_000)).toBe(true);
    expect(await redis.pttl(lock.id)).toBeGreaterThan(70_000);
    expect(await redis.pttl(lock.id)).toBeLessThanOrEqual(90_000);
    await expect(lock.extend(1500)).rejects.toThrow("not an integer");
    await redis.del(lock.id);
    expect(await lock.extend(30_000)).toBe(false);

    const lease = await ours().acquire(fresh(), { ttl: "60s" });
    await lease.extend("70s");
    expect(await redis.pttl(lease.name)).toBeLessThanOrEqual(70_000);
    await redis.del(lease.name);
    await failsWith("LOST", lease.extend());
  });

  shown("no renewal", "comparison/absent.test.ts", "@upstash/lock: its only timer is the pause between two attempts");

  row("`release()` resolves to a boolean", async () => {
    const lock = lockAt(fresh());
    await lock.acquire();
    expect([await lock.release(), await lock.release()]).toEqual([true, false]);
  });

  shown(
    '`getStatus()`: `"FREE"` also when another holds it',
    "comparison/outage.test.ts",
    "@upstash/lock: getStatus says FREE of a lock that another holds",
  );

  row("`acquire({ uuid })`", async () => {
    const lock = lockAt(fresh());
    await lock.acquire({ uuid: "mine" });
    expect(await redis.get(lock.id)).toBe("mine");
    await lock.release();
  });

  shown(
    "a grant whose reply was lost: `false`, and the key is there until the lease ends",
    "comparison/lost-reply.test.ts",
    "@upstash/lock: says false, and the key keeps its token for the lease",
    "holdfast: granted",
  );
});

test("its README describes debouncing, which it does not export", () => {
  expect(Object.keys(upstashLock)).toEqual(["Lock"]);
});
