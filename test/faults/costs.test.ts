import { afterAll, beforeAll, expect, test } from "vitest";
import { noUnhandledRejections, outcome } from "../support/outcome.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";

noUnhandledRejections();
let redis: RedisServer;
let rest: RestBench;
let stock: RestBench;
beforeAll(async () => {
  redis = await startRedis();
  rest = await restBench("lock:", { redisUrl: redis.url });
  stock = await restBench("lock:", { redisUrl: redis.url, delex: false });
});
afterAll(async () => {
  await Promise.all([rest.close(), stock.close()]);
  await redis.stop();
});

/** What Upstash would bill, and how many requests were sent. */
async function cost<T>(
  fn: () => Promise<T>,
  { server } = rest,
): Promise<{ result: T; billed: number; requests: number }> {
  const before = server.requests.length;
  const counted = await server.countBilled(fn);
  return { ...counted, requests: server.requests.length - before };
}

test("a fenced grant is 5 commands, its extension 3, its release 1", async () => {
  const { name } = rest.fresh();
  const { result: lease, ...grant } = await cost(() => rest.locks().acquire(name));
  expect(grant).toEqual({ billed: 5, requests: 1 });
  expect(await cost(() => lease.extend("1m"))).toMatchObject({ billed: 3, requests: 1 });
  expect(await cost(() => lease.release())).toEqual({ result: true, billed: 1, requests: 1 });
});

test("a replayed grant is 4 commands", async () => {
  const lock = rest.fresh();
  rest.server.faults.next("dropReply", { when: lock.about });
  const { result: lease, ...both } = await cost(() => rest.locks().acquire(lock.name));
  expect(both).toEqual({ billed: 5 + 4, requests: 2 });
  await lease.release();
});

test("busy is 2 commands, and the first failure of a wait 3", async () => {
  const { name } = rest.fresh();
  await using _held = await rest.locks().acquire(name);
  const once = await cost(() => rest.locks().tryAcquire(name));
  expect(once).toEqual({ result: null, billed: 2, requests: 1 });

  const waiting = rest.locks({ wait: 5000, maxAttempts: 4, retry: () => 10 });
  const { result, ...polls } = await cost(async () => {
    const ended = await outcome(waiting.acquire(name));
    await waiting.close();
    return ended;
  });
  expect(result.error).toMatchObject({ code: "TIMEOUT", attempts: 4 });
  const cleanUp = polls.requests - 4;
  expect(cleanUp).toBeLessThanOrEqual(2);
  expect(polls.billed - 3 - 3 * 2).toBeLessThanOrEqual(cleanUp === 0 ? 0 : 1 + 5);
});

test("a release by script is 3 commands", async () => {
  const { name } = stock.fresh();
  const locks = stock.locks();
  await locks.request(name, () => {});
  const lease = await locks.acquire(name);
  expect(await cost(() => lease.release(), stock)).toEqual({ result: true, billed: 3, requests: 1 });
});

test("an unfenced grant is 1 command; a busy tryAcquire sends two requests", async () => {
  const { name } = rest.fresh();
  const locks = rest.locks({ fence: false });
  const { result: lease, ...grant } = await cost(() => locks.acquire(name));
  expect(grant).toEqual({ billed: 1, requests: 1 });
  expect(await cost(() => locks.tryAcquire(name))).toEqual({ result: null, billed: 1 + 2, requests: 2 });
  expect(await cost(() => lease.extend("1m"))).toMatchObject({ billed: 3, requests: 1 });
  expect(await cost(() => lease.release())).toEqual({ result: true, billed: 1, requests: 1 });
});

test.each([
  [true, 6],
  [false, 2],
])("a whole cycle on Upstash with fence: %s is %i commands in 2 requests", async (fence, billed) => {
  const { name } = rest.fresh();
  const cycle = () => rest.locks({ fence }).request(name, () => "done");
  expect(await cost(cycle)).toEqual({ result: "done", billed, requests: 2 });
  expect(await cost(cycle)).toEqual({ result: "done", billed, requests: 2 });
});
