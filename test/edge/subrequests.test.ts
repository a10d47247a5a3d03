import { afterAll, beforeAll, expect, test } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, type Locks } from "../../src/index.ts";
import { read, tableUnder } from "../docs/markdown.ts";
import { bench } from "../support/bench.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";

const page = read("docs/edge.md");
let redis: RedisServer;
let server: RestServer;
let locks: Locks;

beforeAll(async () => {
  redis = await startRedis();
  server = await startRestServer({ redisUrl: redis.url });
  locks = createLocks(upstash({ url: server.url, token: server.token }));
}, 60_000);
afterAll(async () => {
  await server?.close();
  await redis?.stop();
});

async function sent(ask: () => Promise<unknown>): Promise<number> {
  const before = server.requests.length;
  await ask();
  return server.requests.length - before;
}

test("a release, verify() and extend() are as many subrequests as the table says", async () => {
  const lease = await locks.acquire("x");
  const asked = [await sent(() => lease.verify()), await sent(() => lease.extend())];
  const released = await sent(() => lease.release());
  const gone = await locks.acquire("x");
  await locks.forceRelease("x");
  const late = await sent(() => gone.release());
  const rows = new Map(tableUnder(page, "Subrequests").map(([what, requests]) => [what, requests]));
  expect(rows.get("release")).toBe(`${released}, or ${late} if the lock was no longer there`);
  expect(asked.map(String)).toEqual(Array(2).fill(rows.get("`verify()`, `extend()`, each renewal")));
});

test("with renew: false, a verify and maxAttempts the page's sum is the most that is sent", () => {
  const [, attempts, verify, release, sum] =
    /sets `maxAttempts: (\d+)` .* sends at most \1 \+ (\d) \+ (\d) = (\d+)/.exec(page)?.map(Number) ?? [];
  expect([verify, release]).toEqual([1, 2]);
  expect(sum).toBe((attempts ?? Number.NaN) + 3);
});

test("work that is shorter than a third of the ttl sends no renewal, longer work one every third", async () => {
  const renewals = async (ms: number, renew?: boolean) => {
    const { clock, locks: own, network } = bench({ ttl: "15s" });
    const work = own.request("x", { renew }, () => new Promise<void>((resolve) => void clock.timer(ms, resolve)));
    await clock.runUntilSettled(work);
    return network.sent("extend");
  };
  expect(await Promise.all([4999, 5001, 10_001, 14_999].map((ms) => renewals(ms)))).toEqual([0, 1, 2, 2]);
  expect(await renewals(14_000, false)).toBe(0);
  expect(page).toContain("for work that is shorter than a third of the ttl none is sent");
});
