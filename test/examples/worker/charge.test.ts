import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { type RespClient, respClient } from "../../support/resp.ts";
import { type RestRequest, type RestServer, startRestServer } from "../../support/rest-server.ts";
import { example } from "./config.ts";
import { type Payments, startPayments } from "./payments.ts";
import { type Site, startSite } from "./site.ts";

const readme = readFileSync(`${example}README.md`, "utf8");
let redis: RedisServer;
let client: RespClient;
let rest: RestServer;
let payments: Payments;
let site: Site;

// A Redis of its own: what is billed is counted by the server, and so are others' commands.
beforeAll(async () => {
  redis = await startRedis();
  client = respClient(redis.url);
  rest = await startRestServer({ redisUrl: redis.url });
  payments = await startPayments();
  site = await startSite({
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    PAYMENTS_URL: payments.url,
  });
}, 60_000);

afterAll(async () => {
  await site?.stop();
  await payments?.stop();
  await rest?.close();
  client?.close();
  await redis?.stop();
});

async function charge(order: string, signal?: AbortSignal): Promise<{ status: number; receipt?: string }> {
  const response = await fetch(new URL(`/orders/${order}/charge`, site.url), { method: "POST", signal });
  return { status: response.status, ...((await response.json()) as { receipt?: string }) };
}

const isHeld = async (order: string): Promise<boolean> => (await client.send("EXISTS", `lock:order:${order}`)) === 1;

/** How many commands the README says that a case costs. */
function promised(label: string): number {
  const [, count] = new RegExp(`^\\| ${label}[^|]*\\|[^|\\d]*(\\d+)`, "m").exec(readme) ?? [];
  if (!count) throw new Error(`the README's table of costs has no line "${label}"`);
  return Number(count);
}

test("eight clients that charge one order at once move the money once", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => charge("crowd")));
  const paid = answers.filter(({ status }) => status === 200);
  expect(paid.length).toBeGreaterThan(0);
  expect(new Set(paid.map(({ receipt }) => receipt)).size).toBe(1);
  // Whoever is not served in time is told to come back.
  expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
  expect(payments.arrived.filter((key) => key === "order-crowd")).toHaveLength(1);
});

test("a client that goes away does not cut its charge in two", async () => {
  const leaving = new AbortController();
  const arrived = payments.hold();
  const gone = charge("leaver", leaving.signal).catch((error: Error) => error.name);
  await arrived;
  leaving.abort();
  expect(await gone).toBe("AbortError");
  payments.proceed();
  await vi.waitFor(async () => expect(await isHeld("leaver")).toBe(false), { timeout: 10_000 });
  const before = payments.arrived.length;
  expect(await charge("leaver")).toMatchObject({ status: 200, receipt: expect.any(String) });
  expect(payments.arrived).toHaveLength(before);
});

test("a holder whose lock was lost on the way does not overwrite what the next one wrote", async () => {
  const arrived = payments.hold();
  const first = charge("lost");
  await arrived;
  // As a failover does that loses the key.
  await client.send("DEL", "lock:order:lost");
  const second = charge("lost");
  await vi.waitFor(() => expect(payments.arrived.filter((key) => key === "order-lost")).toHaveLength(2), {
    timeout: 10_000,
  });
  payments.proceed();
  const answers = await Promise.all([first, second]);
  expect(answers[0].status).toBeGreaterThanOrEqual(409);
  expect(answers[1]).toMatchObject({ status: 200, receipt: expect.any(String) });
  expect(await charge("lost")).toEqual(answers[1]);
});

test("a Redis that refuses is an outage, which moves no money", async () => {
  const before = payments.arrived.length;
  rest.faults.next("unauthorized");
  expect((await charge("outage")).status).toBe(503);
  expect(payments.arrived).toHaveLength(before);
});

test("it costs as many commands as the README says", async () => {
  await charge("warm-up");
  const first = await rest.countBilled(() => charge("counted"));
  expect(first.result.status).toBe(200);
  expect(first.billed).toBe(promised("an order charged for the first time"));

  const again = await rest.countBilled(() => charge("counted"));
  expect(again.result).toEqual(first.result);
  expect(again.billed).toBe(promised("the same order again"));
});

test("a wait in vain costs at most as many commands as the README says", async () => {
  await client.send("SET", "lock:order:busy", "somebody else", "PX", "60000");
  const busy = await rest.countBilled(async () => {
    const answer = await charge("busy");
    // In the background the token of the wait is given back: by DELEX, and by the script when that found nothing.
    await vi.waitFor(() => expect(afterwards().map(({ executed }) => executed)).toEqual([1, 1]), { timeout: 5000 });
    return answer;
  });
  expect(busy.result.status).toBe(409);
  expect(busy.billed).toBeLessThanOrEqual(promised("an order that another holds"));
  expect(payments.arrived).not.toContain("order-busy");
});

function afterwards(): RestRequest[] {
  const requests = rest.requests.filter(({ command }) => command.includes("lock:order:busy"));
  const from = requests.findIndex(({ command }) => command[0] === "DELEX");
  return from < 0 ? [] : requests.slice(from);
}
