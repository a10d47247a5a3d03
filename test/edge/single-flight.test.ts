import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { type Isolate, startIsolate } from "./support/isolate.ts";

const prefix = `${inject("redisPrefix")}edge-flight:`;
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

const computed = async (name: string) => (await isolate.log()).filter((line) => line === `computing ${name}`).length;

describe.each(["rest", "memory"] as const)("a flight over %s, with locks at module level", (over) => {
  test("twenty requests of one isolate at once: one computes, and each is answered", async () => {
    const { name } = rest.fresh();
    const order = { over, name, hold: 300, options: { retry: { min: 5, max: 50 } } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => isolate.send("flight", order).answer));
    expect(answers).toEqual(Array(20).fill({ value: { made: name } }));
    expect(await computed(name)).toBe(1);
  });

  test("the request that computes is cut off by its client: the others ask for themselves, and get a result", async () => {
    const { name, about } = rest.fresh();
    const order = { over, name, hold: 500, options: { ttl: "2s", retry: { min: 5, max: 50 } } };
    const first = isolate.send("flight", order);
    await until(async () => (await computed(name)) === 1, "nobody computes");
    const others = [1, 2, 3].map(() => isolate.send("flight", order).answer);
    const asked = () => rest.server.requests.filter(({ command }) => about(command)).length;
    if (over === "rest") await until(async () => asked() >= 4, "they wait for a promise of another request");
    first.leave();
    await first.answer.catch(() => {});
    expect(await Promise.all(others)).toEqual(Array(3).fill({ value: { made: name } }));
    expect(await computed(name)).toBeLessThanOrEqual(2);
  });
});
