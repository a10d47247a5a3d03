import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { noUnhandledRejections, SLACK } from "../support/outcome.ts";
import { type Kind, stage, turns, type Waiter } from "./support.ts";

/** For how long one who listens, or stands near the front, may delay the others when it dies, in milliseconds. */
const LAPSE = 3000;
const KINDS: Kind[] = ["ioredis", "node-redis", "REST"];

noUnhandledRejections();
const all = stage("fair");
let client: Redis;
let locks: Locks;
let waiters: Waiter[];
beforeAll(async () => {
  client = new Redis(inject("redisUrl"));
  locks = createLocks(ioredis(client), { prefix: all.prefix, fair: true });
  waiters = await Promise.all(KINDS.map((kind) => all.start(kind)));
}, 60_000);
afterAll(async () => {
  await locks.close();
  client.disconnect();
});

describe.concurrent("across processes and clients", { timeout: 60_000 }, () => {
  test("first come, first served, one at a time", async () => {
    const name = "order";
    const holder = await locks.acquire(name, { ttl: "1m" });
    const ids = [..."abcdefghi"].map((letter) => `${name}-${letter}`);
    for (const [index, id] of ids.entries())
      await all.stands(waiters[index % 3] as Waiter, { id, name, hold: 20, options: { renew: index % 2 === 0 } });
    await holder.release();
    for (const id of ids) await all.heard(waiters, id, "released");
    expect(turns(waiters, ids)).toEqual(ids);
  });

  test.each<Kind>(["REST"])(
    "a waiter that is killed (%s) delays the next by the time its place has left",
    async (kind) => {
      const name = `waiter ${kind}`;
      const doomed = await all.start(kind);
      const holder = await locks.acquire(name, { ttl: "1m" });
      await all.stands(doomed, { id: `${name}-doomed`, name, hold: 0 });
      for (const [index, waiter] of waiters.entries())
        await all.stands(waiter, { id: `${name}-${index}`, name, hold: 5 });
      await doomed.killed();
      const killed = Date.now();
      await holder.release();
      expect(await all.value(name)).toContain(`?t`);
      const { at } = await all.heard(waiters, `${name}-0`, "granted");
      expect(at - killed).toBeLessThan(LAPSE + SLACK);
      await all.heard(waiters, `${name}-2`, "released");
      const ids = [0, 1, 2].map((index) => `${name}-${index}`);
      expect(turns(waiters, ids)).toEqual(ids);
    },
  );

  test("a holder that is killed: its ttl, and then the first in line", async () => {
    const name = "holder";
    const doomed = await all.start("ioredis");
    doomed.send({ id: "doomed", name, hold: 60_000, options: { ttl: "2s" } });
    await all.heard([doomed], "doomed", "granted");
    const ids = [0, 1, 2].map((index) => `${name}-${index}`);
    for (const [index, id] of ids.entries()) await all.stands(waiters[index] as Waiter, { id, name, hold: 5 });
    await doomed.killed();
    const killed = Date.now();
    const { at } = await all.heard(waiters, ids[0] as string, "granted");
    expect(at - killed).toBeLessThan(2000 + SLACK);
    await all.heard(waiters, ids[2] as string, "released");
    expect(turns(waiters, ids)).toEqual(ids);
  });

  test.each<Kind>(["ioredis", "REST"])(
    "one that is stopped when it is handed the lock (%s), and then killed",
    async (kind) => {
      const name = `handed ${kind}`;
      const doomed = await all.start(kind);
      const holder = await locks.acquire(name, { ttl: "1m" });
      await all.stands(doomed, { id: `${name}-doomed`, name, hold: 60_000 });
      await all.stands(waiters[0] as Waiter, { id: `${name}-next`, name, hold: 5 });
      doomed.kill("SIGSTOP");
      await holder.release();
      expect(await all.value(name)).toMatch(/^\?t.* handed .*-doomed$/);
      const released = Date.now();
      await doomed.killed();
      const { at } = await all.heard(waiters, `${name}-next`, "granted");
      expect(at - released).toBeLessThan(LAPSE + SLACK);
      expect(doomed.said.filter(({ event }) => event === "granted")).toEqual([]);
    },
  );

  test.each<Kind>(["node-redis"])(
    "one that is stopped for longer than its place lasts (%s) waits again when it goes on",
    async (kind) => {
      const name = `stopped ${kind}`;
      const stopped = await all.start(kind);
      const holder = await locks.acquire(name, { ttl: "1m" });
      await all.stands(stopped, { id: `${name}-stopped`, name, hold: 5 });
      const [waiter] = waiters as [Waiter];
      await all.stands(waiter, { id: `${name}-next`, name, hold: 500 });
      stopped.kill("SIGSTOP");
      // It is handed the lock, and does not know until its time is over.
      await holder.release();
      await all.heard(waiters, `${name}-next`, "granted");
      stopped.kill("SIGCONT");
      await all.heard([stopped], `${name}-stopped`, "released");
      expect(turns([waiter, stopped], [`${name}-next`, `${name}-stopped`])).toEqual([
        `${name}-next`,
        `${name}-stopped`,
      ]);
    },
  );
});

test("every key expires, and soon only the records are left", async () => {
  const redis = all.redis();
  const left: string[] = [];
  let cursor = "0";
  do {
    const [next, keys] = (await redis.send("SCAN", cursor, "MATCH", `*${all.prefix}*`, "COUNT", "1000")) as [
      Buffer,
      Buffer[],
    ];
    cursor = String(next);
    for (const key of keys.map(String)) {
      const pttl = Number(await redis.send("PTTL", key));
      const most = key.startsWith("fence.7t5:") ? 86_400_000 : key.startsWith("queue.b0v5:") ? 60_000 : 0;
      if (pttl === -1 || pttl > most) left.push(`${key} ${pttl}`);
    }
  } while (cursor !== "0");
  expect(left).toEqual([]);
});
