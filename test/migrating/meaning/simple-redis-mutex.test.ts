import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { nodeRedis } from "../../../adapters/node-redis.ts";
import { createLocks } from "../../../src/index.ts";
import { noUnhandledRejections, outcome } from "../../support/outcome.ts";
import { until } from "../../support/redis-process.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { respClient } from "../../support/resp.ts";
import { mutexLock, simpleRedisMutex, tryLock } from "../libraries.ts";
import { meanings } from "./table.ts";

noUnhandledRejections();

const PREFIX = "@simple-redis-mutex:lock-";
const connect = (url: string) =>
  createClient({ url })
    .on("error", () => {})
    .connect();

/** Its own: what the library counts is counted by nobody else. */
let server: RedisServer;
let client: Awaited<ReturnType<typeof connect>>;
beforeAll(async () => {
  server = await startRedis();
  client = await connect(server.url);
});
afterEach(() => void vi.useRealTimers());
afterAll(async () => {
  await client?.close();
  // Its second connection, for messages, ends by itself after ours.
  const left = respClient(server.url);
  await until(async () => String(await left.send("CLIENT", "LIST", "TYPE", "pubsub")) === "", "it still listens");
  left.close();
  await server?.stop();
});

let count = 0;
const fresh = () => `meaning-${++count}`;
const ours = () => createLocks(nodeRedis(client), { prefix: PREFIX });

meanings("simple-redis-mutex 3.0.0", ({ row, shown }) => {
  // The first, so that its counter has not begun.
  row("`fencingToken`: one counter for all names, raised after the lock was set", async () => {
    const locks = [await tryLock(client, fresh()), await tryLock(client, fresh())] as const;
    expect(locks.map(([, { fencingToken }]) => fencingToken)).toEqual([1, 2]);
    for (const [, release] of locks) await release();

    const [one, other] = [await ours().acquire(fresh()), await ours().acquire(fresh())];
    for (const { fence } of [one, other]) expect(Math.abs(fence / 1000 - Date.now())).toBeLessThan(3_600_000);
    for (const lease of [one, other]) await lease.release();
  });

  row("`lock` waits for ever", async () => {
    const name = fresh();
    await client.set(PREFIX + name, "another");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const waiting = mutexLock(client, name);
    // It asks again, and nothing ends it.
    expect(vi.getTimerCount()).toBe(1);
    await client.del(PREFIX + name);
    vi.advanceTimersByTime(10_000);
    await (await waiting)();
    expect(vi.getTimerCount()).toBe(0);
  });

  row("`failAfter`, `onFail`, a plain `Error`", async () => {
    const name = fresh();
    await client.set(PREFIX + name, "another");
    const onFail = vi.fn();
    const { error } = await outcome(mutexLock(client, name, { failAfter: 50, onFail }));
    expect((error as Error).constructor).toBe(Error);
    expect(onFail).toHaveBeenCalledOnce();
  });

  row("`tryLock` resolves to `[boolean, release]`", async () => {
    const name = fresh();
    const [got, release] = await tryLock(client, name);
    expect([got, (await tryLock(client, name))[0]]).toEqual([true, false]);
    expect(await ours().tryAcquire(name)).toBeNull();
    await release();
  });

  row("`timeout: 30000`", () => expect(simpleRedisMutex.DEFAULT_TIMEOUT).toBe(30_000));

  row("`pollingInterval: 10000`, and a message at each release", async () => {
    expect(simpleRedisMutex.DEFAULT_POLLING_INTERVAL).toBe(10_000);
    const name = fresh();
    const [, release] = await tryLock(client, name);
    const waiting = mutexLock(client, name, { pollingInterval: null as never });
    const also = mutexLock(client, name, { pollingInterval: null as never });
    await release();
    const first = await Promise.race([waiting, also]);
    await first();
    for (const each of [await waiting, await also]) await each();
  });

  row("no renewal; `release.refreshTimeout()` says nothing when the lock was lost", async () => {
    const name = fresh();
    const [, release] = await tryLock(client, name, { timeout: 60_000 });
    await client.set(PREFIX + name, "another", { PX: 60_000 });
    expect(await release.refreshTimeout()).toBeUndefined();
  });

  row("`release()` resolves to nothing", async () => {
    const [theirs, mine] = [fresh(), fresh()];
    const [, release] = await tryLock(client, theirs);
    await client.del(PREFIX + theirs);
    expect(await release()).toBeUndefined();
    expect(await (await ours().acquire(mine)).release()).toBe(true);
  });

  shown(
    "an error of Redis within `lock` is an unhandled rejection, which ends a Node process",
    "comparison/unhandled.test.ts",
    "simple-redis-mutex, lock: dies when Redis refuses",
    "holdfast: lives when its lock is deleted, and when Redis refuses",
  );
});
