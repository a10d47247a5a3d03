import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, LockTimeoutError, type Transport } from "../../src/index.ts";
import { RELEASE } from "../../src/scripts.ts";
import { rejection } from "../support/bench.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { read, tableUnder } from "./markdown.ts";

const readme = read("README.md");

test("sizes named in the README are the budget that scripts/size.mjs holds", () => {
  const held = (name: string) =>
    Number(new RegExp(`const ${name} = ([\\d_]+);`).exec(read("scripts/size.mjs"))?.[1]?.replaceAll("_", ""));
  const [budget, unsplit] = [held("BUDGET"), held("BUDGET_UNSPLIT")];
  expect(readme).toContain(`under ${budget.toLocaleString("en-US")} B minified and gzipped`);
  expect(readme).toContain(`under ${unsplit.toLocaleString("en-US")} B`);
  expect(readme).toContain(`under ${budget / 1000} kB`);
});

test("a default wait that never gets the lock sends as many requests as the README says", async () => {
  const sent: number[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const clock = virtualClock(seed);
    const locks = createLocks(memory({ clock }), { clock });
    await locks.acquire("busy", { ttl: "1h" });
    const waited = locks.acquire("busy").catch((error: unknown) => error);
    const error = await clock.runUntilSettled(waited);
    expect(error).toBeInstanceOf(LockTimeoutError);
    sent.push((error as LockTimeoutError).attempts);
  }
  const mean = Math.round(sent.reduce((sum, each) => sum + each) / sent.length);
  const claim = `sends about ${mean} requests in 10 s, between ${Math.min(...sent)} and ${Math.max(...sent)} in ${sent.length}`;
  expect(readme).toContain(claim);
  expect(readme).toContain(`The other defaults send about ${mean} in 10 s`);
  expect(read("src/options.ts").replaceAll(/\s*\n\s*\*\s*/g, " ")).toContain(
    `The other defaults send about ${mean} in 10 s`,
  );
});

describe("commands as Upstash bills them", () => {
  let redis: RedisServer;
  let server: RestServer;
  const claimed = tableUnder(readme, "What it costs");

  beforeAll(async () => {
    redis = await startRedis();
    server = await startRestServer({ redisUrl: redis.url });
  }, 60_000);
  afterAll(async () => {
    await server?.close();
    await redis?.stop();
  });

  const billed = async (fn: () => Promise<unknown>) => (await server.countBilled(fn)).billed;

  /** The cost of each row of the table, in its order. */
  async function costs(transport: Transport, name: string): Promise<number[]> {
    const locks = createLocks(transport);
    let lease = await locks.acquire(name);
    await lease.release();
    const grant = await billed(async () => {
      lease = await locks.acquire(name);
    });
    const extend = await billed(() => lease.extend());
    const release = await billed(() => lease.release());
    const unfenced = await billed(async () => (await locks.acquire(name, { fence: false })).release());
    await locks.acquire(name);
    const [first, other] = await polls(transport, name);
    return [grant, release, grant + release, unfenced, first, other, extend];
  }

  /** The first poll of a wait for a name that is held, and each later one, without the clean-up after the wait. */
  async function polls(transport: Transport, name: string): Promise<[first: number, other: number]> {
    const refused = Object.assign(new Error("no release here"), { definitive: true });
    const locks = createLocks({
      set: transport.set,
      eval: async (script, ...rest) => (script === RELEASE ? Promise.reject(refused) : transport.eval(script, ...rest)),
    });
    const costOf = (maxAttempts: number) =>
      billed(() => rejection(locks.acquire(name, { maxAttempts, retry: { min: 5, max: 5 } })));
    const [one, two, three] = [await costOf(1), await costOf(2), await costOf(3)];
    expect(three - two).toBe(two - one);
    return [one, two - one];
  }

  test("are those of the table, by REST and by script", async () => {
    const rest = upstash({ url: server.url, token: server.token });
    const byRest = await costs(rest, "by rest");
    const byScript = await costs({ set: rest.set, eval: rest.eval }, "by script");
    expect(claimed.map(([, one, two]) => [Number(one), Number(two)])).toEqual(
      byRest.map((cost, row) => [cost, byScript[row]]),
    );
  });

  test("of an unfenced poll that is the first of a wait are those of the text", async () => {
    const rest = upstash({ url: server.url, token: server.token });
    const locks = createLocks(rest, { fence: false });
    await locks.acquire("unfenced");
    const sent = server.requests.length;
    const poll = await billed(() => rejection(locks.acquire("unfenced", { maxAttempts: 2 })));
    expect(server.requests.length - sent).toBe(2);
    expect(readme).toContain(`costs ${poll} in two requests`);
  });
});
