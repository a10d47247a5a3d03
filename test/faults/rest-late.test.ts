import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ACQUIRE, EXTEND, RELEASE } from "../../src/scripts.ts";
import type { Subject } from "../support/key-ring.ts";
import { noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";

const LIMITS = { ttl: 2000, commandTimeout: 800 };
const runs = (script: string) => (command: string[]) => Boolean(command[1]?.endsWith(script));
const acquires = (command: string[]) => command[0] === "SET" || runs(ACQUIRE)(command);
const releases = (command: string[]) => command[0] === "DELEX" || runs(RELEASE)(command);

/** `close` would give the clean-up up after one command's time, which a busy machine may need for less. */
const givenBack = ({ about }: Subject) =>
  until(
    async () =>
      rest.server.requests.some(({ command, executed }) => about(command) && runs(RELEASE)(command) && executed),
    "no give-back was executed",
    SLACK,
  );

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}late:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each([{ fence: true }, { fence: false }])(
  "with %o, executed after the sender gave up:",
  (fenced) => {
    /** Without a record Redis cannot tell a late copy: then it may hold the name, idle, for one ttl. */
    const forgets = fenced.fence ? 0 : LIMITS.ttl + SLACK;

    test("an acquire that its release has overtaken comes to nothing", async () => {
      const lock = rest.fresh();
      const locks = rest.locks({ ...LIMITS, ...fenced });
      const late = rest.server.faults.always("hold", { when: (c) => lock.about(c) && acquires(c) });
      expect((await outcome(locks.tryAcquire(lock.name))).error).toMatchObject({ code: "BACKEND" });
      await givenBack(lock);
      late.release();
      await late.done;
      await rest.expectNothingLeft(lock, forgets);
    });

    test("an acquire of an abandoned wait never takes the lock later", async () => {
      const lock = rest.fresh();
      const locks = rest.locks({ ...LIMITS, ...fenced });
      const late = rest.server.faults.always("hold", { when: (c) => lock.about(c) && acquires(c) });
      const controller = new AbortController();
      const waiting = outcome(locks.acquire(lock.name, { signal: controller.signal }));
      await late.hit;
      controller.abort("no longer wanted");
      expect((await waiting).error).toBe("no longer wanted");
      await givenBack(lock);
      late.release();
      await late.done;
      await rest.expectNothingLeft(lock, forgets);
    });

    test("a copy of an acquire neither prolongs the lease nor changes its fence", async () => {
      const lock = rest.fresh();
      const copy = rest.server.faults.next("twiceLate", { when: lock.about, ms: 500 });
      const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
      await copy.done;
      expect(await rest.pttl(lock)).toBeLessThanOrEqual(LIMITS.ttl - 450);
      expect(await rest.holder(lock)).toBe(lease.token);
      expect(await lease.release()).toBe(true);
      await rest.expectNothingLeft(lock);
    });

    test("a copy of an acquire after the release does not lock the name for a holder", async () => {
      const lock = rest.fresh();
      const locks = rest.locks({ ...LIMITS, ...fenced });
      const copy = rest.server.faults.next("twiceLate", { when: lock.about, ms: 300 });
      await (await locks.acquire(lock.name)).release();
      await copy.done;
      const next = await locks.acquire(lock.name, { wait: LIMITS.ttl + 2 * SLACK });
      expect(await rest.holder(lock)).toBe(next.token);
      expect(await next.release()).toBe(true);
      await rest.expectNothingLeft(lock);
    });

    test("a give-back held up until the next attempt was granted leaves that one alone", async () => {
      const lock = rest.fresh();
      const locks = rest.locks({ ...LIMITS, ...fenced });
      rest.server.faults.next("stall", { when: lock.about, executed: true });
      const giveBack = rest.server.faults.always("hold", { when: (c) => lock.about(c) && releases(c) && !healthy.now });
      const healthy = { now: false };
      expect((await outcome(locks.tryAcquire(lock.name))).error).toMatchObject({ code: "BACKEND" });
      await giveBack.hit;
      const next = await locks.acquire(lock.name, { wait: LIMITS.ttl + 2 * SLACK, ttl: "20s" });
      healthy.now = true;
      giveBack.release();
      await giveBack.done;
      await sleep(100);

      expect(await rest.holder(lock)).toBe(next.token);
      expect(await next.verify()).toBe(true);
      expect(await next.release()).toBe(true);
      await rest.expectNothingLeft(lock);
    });

    test("a copy of a release does not free the next holder's lock", async () => {
      const lock = rest.fresh();
      const locks = rest.locks({ ...LIMITS, ...fenced, ttl: "20s" });
      const first = await locks.acquire(lock.name);
      const copy = rest.server.faults.next("twiceLate", { when: lock.about, ms: 400 });
      expect(await first.release()).toBe(true);
      const next = await locks.acquire(lock.name);
      await copy.done;
      expect(await next.verify()).toBe(true);
      expect(await next.release()).toBe(true);
      await rest.expectNothingLeft(lock);
    });

    test("a shorter extend behind a longer one does not cut it", async () => {
      const lock = rest.fresh();
      const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
      const shorter = rest.server.faults.next("hold", { when: (c) => lock.about(c) && runs(EXTEND)(c) });
      expect((await outcome(lease.extend("2s"))).error).toMatchObject({ code: "BACKEND" });
      await lease.extend("60s");
      shorter.release();
      await shorter.done;
      expect(await rest.pttl(lock)).toBeGreaterThan(50_000);
      expect(lease.remaining()).toBeGreaterThan(50_000);
      expect(await lease.release()).toBe(true);
      await rest.expectNothingLeft(lock);
    });

    test("an extend behind its release does not touch the next holder's lock", async () => {
      const lock = rest.fresh();
      const locks = rest.locks({ ...LIMITS, ...fenced, ttl: "20s" });
      const first = await locks.acquire(lock.name);
      const late = rest.server.faults.next("hold", { when: (c) => lock.about(c) && runs(EXTEND)(c) });
      expect((await outcome(first.extend("5m"))).error).toMatchObject({ code: "BACKEND" });
      expect(await first.release()).toBe(true);
      late.release();
      await late.done;
      expect(await rest.holder(lock)).toBeNull();

      const next = await locks.acquire(lock.name);
      expect(await rest.pttl(lock)).toBeLessThanOrEqual(20_000);
      expect(await next.release()).toBe(true);
      await rest.expectNothingLeft(lock);
    });
  },
);

test.concurrent("a release whose reply was lost reports released, however many held the lock before it asked again", async () => {
  const lock = rest.fresh();
  const locks = rest.locks({ ttl: "30s" });
  rest.server.faults.next("dropReply", { when: (c) => lock.about(c) && releases(c) });
  const second = rest.server.faults.next("hold", { when: (c) => lock.about(c) && runs(RELEASE)(c) });
  const first = locks.request(lock.name, () => "done");
  await second.hit;
  // The record of a name remembers the last eight tokens.
  for (let n = 0; n < 10; n++) await locks.request(lock.name, () => {});
  second.release();
  expect(await first).toBe("done");
  await rest.expectNothingLeft(lock);
});

test.concurrent("a reply that comes when the ttl is nearly over is no grant: it is given back", async () => {
  const lock = rest.fresh();
  const locks = rest.locks({ ttl: 3000, wait: 18_000, commandTimeout: "3s" });
  // Of the ttl 32 ms for drift and 25 ms before the deadline cannot be used; the limit of the command is 3000 ms.
  rest.server.faults.next("delayReply", { when: lock.about, ms: 2965 });
  const lease = await locks.acquire(lock.name);
  expect(lease.remaining()).toBeGreaterThan(0);
  expect(await rest.holder(lock)).toBe(lease.token);
  expect(await rest.pttl(lock)).toBeGreaterThan(lease.remaining() - 5);
  expect(await lease.release()).toBe(true);
  await rest.expectNothingLeft(lock);
});
