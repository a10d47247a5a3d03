import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { sleep } from "./support/bench.ts";
import { type Isolate, startIsolate } from "./support/isolate.ts";

const prefix = `${inject("redisPrefix")}other:`;
let rest: RestBench;
let isolate: Isolate;
// Locks that were closed stay closed: each test has an isolate of its own.
beforeEach(async () => {
  rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
  isolate = await startIsolate({ url: rest.server.url, token: rest.server.token, prefix });
});
afterEach(async () => {
  await isolate?.close();
  await rest?.close();
});

/** close() in a request of its own; a hanging one fails the test instead of the whole file. */
function closing(): Promise<unknown> {
  const { answer } = isolate.send("close", { options: { commandTimeout: 500 } });
  return Promise.race([answer, sleep(8000).then(() => "no answer")]);
}

describe("after the request that took a lease has ended", () => {
  test("nothing renews it any more: the ttl frees the name", async () => {
    const { name, key } = rest.fresh();
    await isolate.send("take", { name, options: { ttl: "3s", renew: true } }).answer;
    await sleep(1500);
    expect(rest.server.requests.filter(({ command }) => command.includes(key))).toHaveLength(1);
    const { error } = await isolate.send("hold", { name, options: { wait: "10s" } }).answer;
    expect(error).toBeUndefined();
  });

  test("another request may verify and release it, and sees its end", async () => {
    const { name } = rest.fresh();
    await isolate.send("take", { name, options: { ttl: "3s", renew: true } }).answer;
    expect(await isolate.send("verifyLeft", { name }).answer).toEqual({ value: true });
    expect(await isolate.send("heldLeft", { name }).answer).toEqual({ value: true });
    await sleep(3100);
    expect(await isolate.send("heldLeft", { name }).answer).toEqual({ value: false });
    expect(await isolate.send("releaseLeft", { name }).answer).toEqual({ value: false });
  });

  test("close() in another request gives it back", async () => {
    const lock = rest.fresh();
    await isolate.send("take", { name: lock.name, options: { ttl: "60s", renew: true } }).answer;
    expect(await closing()).toEqual({ value: "closed" });
    expect(await rest.holder(lock)).toBeNull();
  });

  test("close() in another request ends, although a verify() was cut off by the end of its request", async () => {
    const lock = rest.fresh();
    await isolate.send("take", { name: lock.name, options: { ttl: "60s", commandTimeout: 500 } }).answer;
    const fault = rest.server.faults.next("stall", { when: lock.about });
    await isolate.send("verifyLeftAndEnd", { name: lock.name }).answer;
    await fault.done;
    expect(await closing()).toEqual({ value: "closed" });
  });
});

test("close() ends the waits of other requests", async () => {
  const lock = rest.fresh();
  await rest.redis.send("SET", lock.key, "somebody else", "PX", "60000");
  const waiting = isolate.send("hold", { name: lock.name, options: { wait: "60s", retry: { min: 5, max: 30 } } });
  await until(async () => rest.server.requests.length > 2, "it does not wait");
  expect(await closing()).toEqual({ value: "closed" });
  expect(await waiting.answer).toMatchObject({ error: { code: "CLOSED" } });
});

test("close() ends the leases of requests that go on", async () => {
  const lock = rest.fresh();
  const holding = isolate.send("hold", { name: lock.name, hold: 1000, options: { ttl: "60s" } });
  await until(async () => (await isolate.log()).includes(`holding ${lock.name}`), "nobody has the lock");
  expect(await closing()).toEqual({ value: "closed" });
  expect(await rest.holder(lock)).toBeNull();
  expect(await holding.answer).toMatchObject({ error: { code: "LOST", reason: "closed" } });
});

test("a computation past the ttl, under a clock that stands still: verify() says so, and request() rejects", async () => {
  const { value } = await isolate.send("compute", { name: rest.fresh().name, hold: 1200 }).answer;
  expect(value).toEqual({ before: true, verified: false, after: false, request: "LOST" });
});
