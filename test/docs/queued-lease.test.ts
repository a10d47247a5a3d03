/** What docs/long-jobs.md and docs/fencing.md say of a lease that travels by a queue. */
import { expect, test } from "vitest";
import type { SerializedLease } from "../../src/index.ts";
import { bench } from "../support/bench.ts";

const travels = (lease: SerializedLease): SerializedLease => JSON.parse(JSON.stringify(lease));

test("both ends have the same fence, and the sender no longer holds it", async () => {
  const { locks, rival } = bench();
  const lease = await locks.acquire("video:9", { ttl: "5m" });
  const mine = rival.restore(travels(lease.handOver()), { renew: true, maxHold: "2h" });
  expect(await mine.verify()).toBe(true);
  expect([mine.fence, lease.held, mine.held]).toEqual([lease.fence, false, true]);
  expect(await mine.release()).toBe(true);
});

test("a message that is delivered twice starts two workers with one lock, which look alike to a resource", async () => {
  const { locks, rival } = bench();
  const message = travels((await rival.acquire("video:9", { ttl: "5m" })).handOver());
  const workers = [locks.restore(message), rival.restore(message)];
  for (const worker of workers) expect(await worker.verify()).toBe(true);
  expect(workers[0]?.fence).toBe(workers[1]?.fence);
  expect(await workers[0]?.release()).toBe(true);
  expect(await workers[1]?.verify()).toBe(false);
});

test("the ttl runs while the message waits: a queue that is longer comes too late", async () => {
  const { clock, locks, rival } = bench();
  const message = travels((await locks.acquire("video:9", { ttl: "5m", renew: true })).handOver());
  await clock.advance(299_000);
  expect(await locks.tryAcquire("video:9")).toBeNull();
  await clock.advance(1001);
  const other = await locks.acquire("video:9");
  expect(await rival.restore(message, { renew: true }).verify()).toBe(false);
  expect(other.held).toBe(true);
});

test("a fence has the 16 digits that the page's column is for", async () => {
  const { fence } = await bench().locks.acquire("x");
  expect(String(fence)).toHaveLength(16);
  expect(fence).toBeGreaterThan(2 ** 31);
});
