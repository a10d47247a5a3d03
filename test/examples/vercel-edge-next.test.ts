import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { stated } from "./support/billed.ts";
import { type Deployment, deploy } from "./support/deploy.ts";
import { type Outside, outside } from "./support/outside.ts";
import { NODE, run, type Service, serve } from "./support/run.ts";

const ROUTE = "/api/articles/[id]/summary/route";
let server: RedisServer;
let redis: RespClient;
let rest: RestServer;
let app: Deployment;
beforeAll(async () => {
  app = deploy("vercel-edge-next", { whole: true });
  server = await startRedis();
  redis = respClient(server.url);
  rest = await startRestServer({ redisUrl: server.url });
});
afterAll(async () => {
  await rest?.close();
  redis?.close();
  await server?.stop();
  app.remove();
});

const next = (...args: string[]) => [NODE, "node_modules/next/dist/bin/next", ...args];
const quiet = { NEXT_TELEMETRY_DISABLED: "1" };

const started = (summarizer: Outside): Promise<Service> =>
  serve(app.folder, next("start", "--hostname", "127.0.0.1"), {
    ...quiet,
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    SUMMARIZER_URL: summarizer.url,
  });

const post = async (service: Service, id: string) => {
  const response = await fetch(`${service.url}/api/articles/${id}/summary`, { method: "POST" });
  return { status: response.status, ...((await response.json()) as object) };
};

/** What a request costs that finds the lock taken, and the summary written when it gets it; and its scripts. */
async function waited(service: Service, id: string) {
  const lock = `lock:summary:${id}`;
  const scripts = () => rest.requests.filter(({ command: [name, , , key] }) => name === "EVAL" && key === lock).length;
  await redis.send("SET", lock, "another's", "PX", "60000");
  const { billed } = await rest.countBilled(async () => {
    const answer = post(service, id);
    await vi.waitUntil(() => scripts() >= 2, { timeout: 20_000 });
    await redis.send("SET", `summary:${id}`, "written");
    await redis.send("DEL", lock);
    expect(await answer).toEqual({ status: 200, summary: "written", made: false });
  });
  return { billed: billed - ["SET", "DEL"].length, scripts: scripts() };
}

test("builds and type-checks, without an environment, as an edge function", { timeout: 240_000 }, async () => {
  await run(app.folder, next("build"), quiet);
  const manifest = readFileSync(join(app.folder, ".next/server/middleware-manifest.json"), "utf8");
  expect(Object.keys(JSON.parse(manifest).functions)).toEqual([ROUTE]);
});

test("five requests at once, to two instances, have the summary written once", async () => {
  // The model takes until everybody has asked for the lock.
  const tries = () => rest.requests.filter(({ command: [name, key] }) => name === "SET" && key === "lock:summary:1");
  const summarizer = await outside(async ({ path }) => {
    if (path === "/1") await vi.waitUntil(() => tries().length === 5, { timeout: 20_000 });
    return { body: `summary of ${path}` };
  });
  const services = await Promise.all([started(summarizer), started(summarizer)]);
  const asked = [0, 1, 0, 1, 0].map((index) => post(services[index] as Service, "1"));
  const answers = await Promise.all(asked);
  expect(answers.map((answer) => ({ ...answer, made: undefined }))).toEqual(
    Array(5).fill({ status: 200, summary: "summary of /1" }),
  );
  expect(answers.filter((answer) => "made" in answer && answer.made)).toHaveLength(1);
  expect(summarizer.calls).toHaveLength(1);
  expect(await redis.send("EXISTS", "lock:summary:1")).toBe(0);

  const cold = await rest.countBilled(() => post(services[0] as Service, "2"));
  expect(cold.result).toMatchObject({ made: true });
  expect(cold.billed).toBe(stated("vercel-edge-next", "a request that writes the summary"));
  const warm = await rest.countBilled(() => post(services[1] as Service, "2"));
  expect(warm.result).toMatchObject({ made: false });
  expect(warm.billed).toBe(stated("vercel-edge-next", "a request that finds it written"));

  const waiting = await waited(services[0] as Service, "3");
  const polls = waiting.scripts - 2; // without the first one and the grant
  const cost = (label: string) => stated("vercel-edge-next", label);
  expect(waiting.billed).toBe(
    cost("the first poll of a request that waits") +
      polls * cost("each other poll") +
      cost("its turn, when it finds the summary written") +
      cost("a request that finds it written"),
  );

  for (const service of services) service.kill("SIGTERM");
  // 143 is what Next.js says after it has answered what was under way: 128 and the number of SIGTERM.
  for (const { ended } of services) expect(await ended).toMatchObject({ code: 143, signal: null });
});
