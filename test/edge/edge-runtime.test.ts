import { EdgeRuntime } from "edge-runtime";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noUnhandledRejections } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { isRelease } from "./support/bench.ts";
import { bundle } from "./support/bundle.ts";
import type { Answer } from "./support/isolate.ts";
import type { Order } from "./workers/routes.ts";

const FUNCTION = `
import { handle } from "./routes.ts";
addEventListener("fetch", (event) => event.respondWith(handle(event.request, event)));`;

noUnhandledRejections();
const prefix = `${inject("redisPrefix")}vercel:`;
let rest: RestBench;
let runtime: EdgeRuntime;
beforeAll(async () => {
  rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
  const { url, token } = rest.server;
  runtime = new EdgeRuntime({
    initialCode: await bundle(FUNCTION, { format: "iife", define: { REST: { url, token, prefix } } }),
  });
});
afterAll(() => rest?.close());

/** The answer, and the end of what was handed to waitUntil. */
async function send(route: string, order: Order): Promise<Answer & { settled: Promise<unknown> }> {
  const init = { method: "POST", body: JSON.stringify(order) };
  const response = await runtime.dispatchFetch(`http://edge/${route}`, init);
  return { ...((await response.json()) as Answer), settled: response.waitUntil() };
}

const RETRY = { min: 5, max: 30 };

describe.each(["rest", "memory"] as const)("in edge-runtime, locks over %s at module level", (over) => {
  test("twenty invocations at once on one name: each holds it, one after another", async () => {
    const { name } = rest.fresh();
    const order: Order = { over, name, hold: 5, options: { wait: "15s", retry: RETRY } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => send("hold", order)));
    expect(answers.filter(({ error }) => error)).toEqual([]);
    const turns = answers.map(({ value }) => value).sort((a, b) => a.fence - b.fence);
    for (const [i, turn] of turns.entries()) {
      if (i) expect(turn.began).toBeGreaterThanOrEqual(turns[i - 1].ended);
    }
  });

  test("a lease that one invocation hands over is extended and released by another", async () => {
    const { name } = rest.fresh();
    const { value: lease } = await send("pass", { over, name });
    const { value } = await send("receive", { over, lease });
    expect(value).toMatchObject({ before: false, verified: true, extended: true, released: true });
  });
});

test("in edge-runtime a clean-up is handed to waitUntil, which settles when the name is free", async () => {
  const lock = rest.fresh();
  const when = (command: string[]) => lock.about(command) && !isRelease(command);
  rest.server.faults.next("stall", { executed: true, when });
  const options = { wait: 0, ttl: "60s", commandTimeout: 300 };
  const { error, settled } = await send("hold", { name: lock.name, options, waitUntil: true });
  expect(error?.code).toBe("BACKEND");
  await settled;
  expect(await rest.holder(lock)).toBeNull();
});
