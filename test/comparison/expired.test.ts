import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { createLock, ExecutionError, IoredisAdapter, Mutex, Redlock5 } from "../migrating/libraries.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";

noUnhandledRejections();

const TTL = 700;

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject("redisUrl"));
});
afterAll(() => redis.disconnect());
const fresh = () => `expired-${process.pid}-${Math.random().toString(36).slice(2)}`;

/** As a long computation does: no timer, no reply, until the ttl is over. */
function blockTheEventLoop(ttl = TTL): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ttl + 200);
}

describe("on the line after the event loop was blocked for longer than the ttl", () => {
  test("holdfast: not held, and what was returned comes back inside an error", async () => {
    const held: boolean[] = [];
    const call = createLocks(ioredis(redis)).request(fresh(), { ttl: `${TTL}ms` }, (lease) => {
      blockTheEventLoop();
      held.push(lease.held);
      return "done";
    });
    expect(await failsWith("LOST", call)).toMatchObject({ reason: "expired", result: "done" });
    expect(held).toEqual([false]);
  });

  test("redlock 5, using: the signal is quiet, and an error about the release takes the place of the result", async () => {
    const aborted: boolean[] = [];
    const redlock = new Redlock5([redis], { retryCount: 0 });
    const call = redlock.using([fresh()], TTL, async (signal) => {
      blockTheEventLoop();
      aborted.push(signal.aborted);
      return "done";
    });
    const error = await call.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ExecutionError);
    expect(Object.values(error as object)).not.toContain("done");
    expect(aborted).toEqual([false]);
  });

  test("redlock 5, using: also of the routine's own error", async () => {
    const redlock = new Redlock5([redis], { retryCount: 0 });
    const call = redlock.using([fresh()], TTL, async () => {
      blockTheEventLoop();
      throw new Error("the card was refused");
    });
    await expect(call).rejects.toThrow("quorum");
  });

  test("redlock-universal, using: the signal is quiet, and the result comes back as if nothing had happened", async () => {
    const aborted: boolean[] = [];
    // Longer than its shortest pause between two extensions.
    const ttl = 1500;
    const lock = createLock({ adapter: new IoredisAdapter(redis), key: fresh(), ttl });
    const result = await lock.using(async (signal) => {
      blockTheEventLoop(ttl);
      aborted.push(signal.aborted);
      return "done";
    });
    expect(result).toBe("done");
    expect(aborted).toEqual([false]);
  });

  test("redis-semaphore, Mutex: isAcquired is true although Redis has freed the lock", async () => {
    const name = fresh();
    const mutex = new Mutex(redis as never, name, { lockTimeout: TTL, onLockLost: () => {} });
    await mutex.acquire();
    blockTheEventLoop();
    expect(mutex.isAcquired).toBe(true);
    expect(await redis.exists(`mutex:${name}`)).toBe(0);
    await mutex.release();
  });
});
