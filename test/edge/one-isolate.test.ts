import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { type Isolate, startIsolate } from "./support/isolate.ts";

const prefix = `${inject("redisPrefix")}isolate:`;
let rest: RestBench;
let isolate: Isolate;
beforeAll(async () => {
  rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
  isolate = await startIsolate({ url: rest.server.url, token: rest.server.token, prefix });
});
afterAll(async () => {
  await isolate?.close();
  await rest?.close();
});

const RETRY = { min: 5, max: 30 };

describe.each(["rest", "memory"] as const)("locks over %s at module level", (over) => {
  test("twenty requests at once on one name: each holds it, one after another", async () => {
    const { name } = rest.fresh();
    const order = { over, name, hold: 5, options: { wait: "15s", retry: RETRY } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => isolate.send("hold", order).answer));

    expect(answers.filter(({ error }) => error)).toEqual([]);
    const turns = answers.map(({ value }) => value).sort((a, b) => a.fence - b.fence);
    for (const [i, turn] of turns.entries()) {
      if (i) expect(turn.began).toBeGreaterThanOrEqual(turns[i - 1].ended);
      if (i) expect(turn.fence).toBeGreaterThan(turns[i - 1].fence);
    }
  });

  test("fifty requests at once on names of their own: none is in another's way", async () => {
    const names = Array.from({ length: 50 }, () => rest.fresh().name);
    const send = (name: string) => isolate.send("hold", { over, name, hold: 50, options: { wait: 0 } }).answer;
    const answers = await Promise.all(names.map(send));
    expect(answers.filter(({ error }) => error)).toEqual([]);
  });

  test("a hundred requests one after another, on the same objects", async () => {
    const { name } = rest.fresh();
    let last = 0;
    for (let i = 0; i < 100; i++) {
      const { value, error } = await isolate.send("hold", { over, name, options: { wait: 0 } }).answer;
      expect(error).toBeUndefined();
      expect(value.fence).toBeGreaterThan(last);
      last = value.fence;
    }
  });

  test("some give up by a signal of their own, some time out, and the rest get it", async () => {
    const { name } = rest.fresh();
    const { value: lease } = await isolate.send("pass", { over, name, options: { ttl: "60s" } }).answer;
    const options = { wait: "15s", retry: RETRY };
    const quitters = [1, 2, 3].map(() =>
      isolate.send("hold", { over, name, options, abortAfter: 50, waitUntil: true }),
    );
    const late = [1, 2, 3].map(() => isolate.send("hold", { over, name, options: { ...options, wait: "1s" } }));
    const patient = [1, 2, 3].map(() => isolate.send("hold", { over, name, options }));

    for (const each of quitters) expect((await each.answer).error?.message).toBe("this request gave up");
    for (const each of late) expect((await each.answer).error?.code).toBe("TIMEOUT");
    expect((await isolate.send("receive", { over, lease }).answer).value.released).toBe(true);
    for (const each of patient) expect((await each.answer).error).toBeUndefined();
  });

  test("a lease that one request hands over is verified, extended and released by another", async () => {
    const { name } = rest.fresh();
    const { value: lease } = await isolate.send("pass", { over, name }).answer;
    const { value } = await isolate.send("receive", { over, lease }).answer;
    expect(value).toEqual({
      before: false,
      verified: true,
      held: true,
      extended: true,
      fence: lease.fence,
      released: true,
    });
    expect((await isolate.send("query", { over, name }).answer).value.held).toBe(false);
  });

  test("no promise was left to reject alone", async () => {
    expect((await isolate.log()).filter((line) => line.startsWith("unhandled"))).toEqual([]);
  });
});
