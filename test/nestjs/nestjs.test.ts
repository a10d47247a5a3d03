import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { read } from "../docs/markdown.ts";
import { asked } from "../examples/support/asked.ts";
import { type Outside, outside } from "../examples/support/outside.ts";
import { NODE, type Running, run, start } from "../examples/support/run.ts";
import { freePort } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { type Compiled, compiledSample } from "./sample.ts";

const here = import.meta.dirname;
let sample: Compiled;
beforeAll(() => {
  sample = compiledSample();
});
afterAll(() => sample?.remove());

describe("instances of an application", () => {
  let server: RedisServer;
  let redis: RespClient;
  beforeAll(async () => {
    server = await startRedis();
    redis = respClient(server.url);
  });
  afterAll(async () => {
    redis?.close();
    await server?.stop();
  });

  const instance = (bank: Outside, ...call: string[]): Running =>
    start(here, [NODE, "app.ts", sample.file, ...call], { REDIS_URL: server.url, BANK_URL: bank.url });

  /** A bank that answers when it is told to. */
  async function slowBank(): Promise<{ bank: Outside; answer(): void }> {
    let answer = () => {};
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    return { bank: await outside(() => gate.then(() => ({ body: "" }))), answer };
  }

  test("the decorated method of one waits for what another has under the same name", async () => {
    const { bank, answer } = await slowBank();
    const { runs } = await asked(server.url, "lock:");
    const charging = instance(bank, "charge", "7");
    await bank.called(1);
    const settling = instance(bank, "settle", "7");
    // Who asks again was refused.
    for (let times = 0; times < 2; times++) await runs("set", "lock:invoice:7", /./, "NX");
    expect(settling.printed()).toBe("");
    answer();
    await charging.prints(/^charged 7$/m);
    await settling.prints(/^settled 7$/m);
    expect(Number(bank.calls[0]?.body)).toBeGreaterThan(0);
  });

  test("one that is told to stop ends what it has begun, gives its lock back and is gone", async () => {
    const { bank, answer } = await slowBank();
    const running = instance(bank, "charge", "10");
    await bank.called(1);
    running.kill("SIGTERM");
    await running.prints(/stopping by SIGTERM/);
    expect(await redis.send("EXISTS", "lock:invoice:10")).toBe(1);
    answer();
    const { signal, printed } = await running.ended;
    expect(signal).toBe("SIGTERM");
    expect(printed).toMatch(/^charged 10$/m);
    expect(await redis.send("EXISTS", "lock:invoice:10")).toBe(0);
  });
});

test("a test with the locks in memory, as the page has it, needs no Redis", async () => {
  const override = "overrideProvider(LOCKS).useValue(createLocks(memory()))";
  expect(read("docs/nestjs.md")).toContain(override);
  expect(read("test/nestjs/over-memory.ts").replaceAll(/\n */g, "")).toContain(override);
  const nobody = `redis://127.0.0.1:${await freePort()}`;
  const printed = await run(here, [NODE, join(here, "over-memory.ts"), sample.file], { REDIS_URL: nobody });
  expect(printed).toBe("true settled 7\nnull\nsettled 8\nCLOSED\n");
});

test("the page names the version of Nest that is tried here", () => {
  const { dependencies } = JSON.parse(read("test/nestjs/package.json"));
  expect(read("docs/nestjs.md")).toContain(`NestJS ${dependencies["@nestjs/core"]} `);
});
