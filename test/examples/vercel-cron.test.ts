import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { stated } from "./support/billed.ts";
import { type Deployment, deploy } from "./support/deploy.ts";
import { HOUR, later, MINUTE } from "./support/later.ts";
import { outside } from "./support/outside.ts";
import { CLOCK_AHEAD, NODE, type Running, run, start, TSC } from "./support/run.ts";

let redis: RedisServer;
let client: RespClient;
let rest: RestServer;
let app: Deployment;
beforeAll(async () => {
  app = deploy("vercel-cron");
  redis = await startRedis();
  client = respClient(redis.url);
  rest = await startRestServer({ redisUrl: redis.url });
  // Calls the function as Vercel does: with a Request, in a process of its own. Its first argument is how often at once.
  writeFileSync(
    join(app.folder, "call.ts"),
    `import { GET } from "./api/digest.ts";
const headers = { authorization: process.argv[3] };
const answers = await Promise.all(
  Array.from({ length: Number(process.argv[2]) }, () => GET(new Request("https://x.vercel.app/api/digest", { headers }))
    .then(async (answer) => [answer.status, await answer.text()], (error) => [500, error.code ?? error.message])));
console.log(JSON.stringify(answers));`,
  );
});
afterAll(async () => {
  client.close();
  await rest.close();
  await redis.stop();
  app.remove();
});

type Answers = [status: number, text: string][];

/** Calls from a machine whose clock is wrong by so many milliseconds. */
function calling(chat: string, { times = 1, secret = "Bearer secret", ahead = 0 } = {}): Running {
  const env = {
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    CRON_SECRET: "secret",
    CHAT_WEBHOOK_URL: chat,
    CLOCK_AHEAD_MS: String(ahead),
  };
  return start(app.folder, [NODE, "--import", CLOCK_AHEAD, "call.ts", String(times), secret], env);
}

async function call(...args: Parameters<typeof calling>): Promise<Answers> {
  return JSON.parse((await calling(...args).ended).printed);
}

const SENT: Answers = [[200, "Sent\n"]];
const HAS_BEEN: Answers = [[200, "This tick has been run\n"]];

test("compiles, and vercel.json names what is there", async () => {
  await run(app.folder, [NODE, TSC]);
  const { crons } = JSON.parse(readFileSync(join(app.folder, "vercel.json"), "utf8"));
  expect(crons).toEqual([{ path: "/api/digest", schedule: "0 8 * * *" }]);
});

test("who has no secret is not let in", async () => {
  const chat = await outside(() => ({ body: "" }));
  expect(await call(chat.url, { secret: "Bearer guess" })).toEqual([[401, "Unauthorized\n"]]);
  expect(chat.calls).toEqual([]);
});

test("of many calls of a tick, in two processes, one sends; a tick that failed is not run again", async () => {
  const chat = await outside(() => ({ body: "" }));
  const answers = (await Promise.all([call(chat.url, { times: 3 }), call(chat.url, { times: 3 })])).flat();
  expect(answers.map(([status, text]) => `${status} ${text}`).sort()).toEqual([
    "200 Sent\n",
    ...Array(5).fill("200 This tick has been run\n"),
  ]);
  expect(await call(chat.url)).toEqual(HAS_BEEN);
  expect(chat.calls).toHaveLength(1);
});

test("calls of a tick come nearly 12 hours apart, from machines whose clocks are apart, and one sends; the next day's sends again", async () => {
  const chat = await outside(() => ({ body: "" }));
  await later(client, 24 * HOUR);
  for (const day of [1, 2]) {
    expect(await call(chat.url, { ahead: day * HOUR })).toEqual(SENT);
    await later(client, 59 * MINUTE);
    expect(await call(chat.url, { ahead: -HOUR })).toEqual(HAS_BEEN);
    await later(client, 10 * HOUR + 50 * MINUTE);
    expect(await call(chat.url, { ahead: 20 * HOUR })).toEqual(HAS_BEEN);
    expect(chat.calls).toHaveLength(day);
    await later(client, 12 * HOUR);
  }
});

test("a function that is stopped in the middle keeps the tick, as long as one that ends", async () => {
  const chat = await outside(() => new Promise(() => {}));
  await later(client, 24 * HOUR);
  const stopped = calling(chat.url);
  await chat.called(1);
  stopped.kill("SIGKILL");
  await stopped.ended;
  await later(client, 11 * HOUR);
  expect(await call(chat.url)).toEqual(HAS_BEEN);
  expect(chat.calls).toHaveLength(1);
});

test("a tick costs what the page says, and one that failed is kept as well", async () => {
  const chat = await outside(({ body }) => ({ status: body ? 500 : 200, body: "" }));
  await later(client, 24 * HOUR);
  const first = await rest.countBilled(() => call(chat.url));
  expect(first.result).toEqual([[500, "The chat answered 500."]]);
  const second = await rest.countBilled(() => call(chat.url));
  expect(second.result).toEqual(HAS_BEEN);
  expect(first.billed).toBe(stated("vercel-cron", "the call that does the work"));
  expect(second.billed).toBe(stated("vercel-cron", "another call of the tick"));
});
