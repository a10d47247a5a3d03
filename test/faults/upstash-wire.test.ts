import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import { failsWith, noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";

const FLAG = "#!lua flags=allow-key-locking\n";

noUnhandledRejections();
let rest: RestBench;
let stock: RestBench;
beforeAll(async () => {
  const redisUrl = inject("redisUrl");
  rest = await restBench(`${inject("redisPrefix")}wire:`, { redisUrl });
  stock = await restBench(`${inject("redisPrefix")}stock:`, { redisUrl, keyLocking: "refuse", delex: false });
});
afterEach(() => vi.unstubAllGlobals());
afterAll(() => Promise.all([rest.close(), stock.close()]));

/** A whole life of a lock, with everything that can be asked about it. */
async function lifeOf({ locks, fresh }: RestBench, fence: boolean) {
  const { name } = fresh();
  const all = locks({ fence, owner: "life" });
  const lease = await all.acquire(name);
  expect(await all.tryAcquire(name)).toBeNull();
  await lease.extend("1m");
  expect(await lease.verify()).toBe(true);
  expect((await all.query(name)).held).toBe(true);
  expect(await lease.release()).toBe(true);
  expect(await all.forceRelease(name)).toBe(false);
}

test("every argument of every command is a string, in one POST to the root", async () => {
  const sent: RequestInit[] = [];
  const spy: typeof fetch = (url, init) => {
    expect(new URL(String(url)).href).toBe(`${rest.server.url}/`);
    sent.push(init as RequestInit);
    return fetch(url, init);
  };
  const { name } = rest.fresh();
  const locks = createLocks(rest.transport("own", { fetch: spy }), { prefix: `${inject("redisPrefix")}wire:` });
  for (const fence of [true, false]) await locks.request(name, { fence }, (lease) => lease.extend("1m"));
  expect(sent.length).toBeGreaterThan(5);
  for (const { method, body, redirect } of sent) {
    const command: unknown[] = JSON.parse(body as string);
    expect(command.filter((part) => typeof part !== "string")).toEqual([]);
    expect({ method, redirect }).toEqual({ method: "POST", redirect: "manual" });
  }
});

test.each([true, false])("scripts ask for key locking, and deleting is one command (fence: %s)", async (fence) => {
  const from = rest.server.requests.length;
  await lifeOf(rest, fence);
  const commands = rest.server.requests.slice(from).map(({ command }) => command);
  const scripts = commands.filter(([name]) => name === "EVAL");
  expect(scripts.length).toBeGreaterThan(3);
  for (const [, script] of scripts) expect(script?.startsWith(FLAG)).toBe(true);
  expect(commands.filter(([name]) => name === "DELEX")).toHaveLength(1);
});

test("the flag and DELEX are tried once where the server does not know them", async () => {
  const transport = stock.transport();
  const locks = createLocks(transport, { prefix: `${inject("redisPrefix")}stock:` });
  const lock = stock.fresh();
  for (let round = 0; round < 3; round++) await locks.request(lock.name, () => {});
  const commands = stock.server.requests.map(({ command }) => command);
  expect(commands.filter(([, script]) => script?.startsWith(FLAG))).toHaveLength(1);
  expect(commands.filter(([name]) => name === "DELEX")).toHaveLength(1);
  // Each round is an acquire and a release.
  expect(commands).toHaveLength(3 * 2 + 2);
  await stock.expectNothingLeft(lock);
  await lifeOf(stock, true);
  await lifeOf(stock, false);
});

test.each(["stall", "stallBody"] as const)("its own timeout ends the request: %s", async (kind) => {
  const lock = rest.fresh();
  const fault = rest.server.faults.next(kind, { when: lock.about });
  const command = rest.transport("own", { timeout: 150 }).set(lock.key, "x", { nx: true, px: 500 });
  const { error, ms } = await outcome(command);
  expect((error as Error).message).toBe("no answer within 150 ms");
  // It may have been executed.
  expect(error).not.toMatchObject({ definitive: true });
  expect(ms).toBeLessThan(150 + SLACK);
  // The server sees the connection go: nothing is left open.
  await fault.done;
  await rest.expectNothingLeft(lock, SLACK);
});

test("the timeout ends a connection to a server that accepts and says nothing", async () => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const request = once(server, "request").then(([, response]) => once(response, "close"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const locks = createLocks(upstash({ url, token: "secret-token", timeout: 100 }));
  const error = await failsWith("BACKEND", locks.tryAcquire("x", { fence: false, ttl: 1000 }));
  expect(error.message).toContain("no answer within 100 ms");
  await request;
  server.closeAllConnections();
  server.close();
  await locks.close();
});

test("cache: no-store goes only where requests know it", async () => {
  const seen: unknown[] = [];
  const platforms = fetch;
  const spy: typeof fetch = (url, init) => {
    seen.push((init as RequestInit).cache);
    return platforms(url, init);
  };
  const lock = rest.fresh();
  const ask = () => rest.locks().query(lock.name);
  vi.stubGlobal("fetch", spy);
  await ask();
  // Workers of before November 2024 throw on the option.
  vi.stubGlobal("Request", class {});
  await ask();
  expect(seen).toEqual(["no-store", undefined]);
});
