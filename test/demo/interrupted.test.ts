import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { startDemo } from "./support.ts";

// A server of its own: it is killed, and its connections are counted.
let redis: RedisServer;
let client: RespClient;
beforeEach(async () => {
  redis = await startRedis();
  client = respClient(redis.url);
});
afterEach(async () => {
  client.close();
  await redis.stop();
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

const locked = async () => (await client.send("EXISTS", "lock:interrupted")) === 1;
const connections = async () => String(await client.send("CLIENT", "LIST")).match(/^id=/gm)?.length;

test("a Redis that dies while the demo runs ends it with one sentence", async () => {
  const { run } = startDemo(["--redis", redis.url, "--name", "interrupted"]);
  await until(locked);
  await redis.kill("SIGKILL");
  const { code, err } = await run;
  expect(code).toBe(1);
  expect(err.trimEnd().split("\n")).toHaveLength(1);
  expect(err).toMatch(/^\w+: /);
});

test("an interrupted demo takes its processes with it", async () => {
  const { child, run } = startDemo(["--redis", redis.url, "--name", "interrupted"]);
  await until(locked);
  expect(await connections()).toBeGreaterThan(5);
  child.kill("SIGTERM");
  expect(await run).toMatchObject({ code: 143, err: "" });
  await until(async () => (await connections()) === 1);
});
