import { expect, test } from "vitest";
import { startRedis } from "../support/redis-server.ts";
import { text } from "../support/resp.ts";
import { billed, stated } from "./support/billed.ts";
import { deployed } from "./support/deployed.ts";
import { outside } from "./support/outside.ts";
import { BUN, NODE, run, start } from "./support/run.ts";

const app = deployed("bun-cron");

const tick = (job: string, chat: string, redisUrl = app.redisUrl) =>
  start(app.folder, [BUN, "run", "cron.ts"], { REDIS_URL: redisUrl, CHAT_WEBHOOK_URL: chat, JOB: job });

test("compiles", async () => {
  await run(app.folder, [NODE, "node_modules/typescript/bin/tsc"]);
});

test("of four hosts that tick at once one does the work, and one whose clock is late finds it done", async () => {
  const chat = await outside(() => ({ body: "" }));
  await app.redis.send("SET", "visits:digest", "42");
  const ends = await Promise.all([1, 2, 3, 4].map(() => tick("digest", chat.url).ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(ends.map(({ printed }) => printed).sort()).toEqual([
    ...Array<string>(3).fill("another host has this tick\n"),
    "sent the digest of 42 visits\n",
  ]);
  const late = await billed(app.redis, () => tick("digest", chat.url).ended);
  expect(late.result).toMatchObject({ code: 0, printed: "another host has this tick\n" });
  expect(late.commands).toBe(stated("bun-cron", "a host that finds the tick taken"));
  expect(chat.calls).toHaveLength(1);
  expect(await app.redis.send("GET", "visits:digest").then(text)).toBe("0");

  // Released, and kept until minHold: nobody holds it, and nobody gets it.
  expect(text(await app.redis.send("GET", "lock:cron:digest"))).toMatch(/^\.t/);
  const left = Number(await app.redis.send("PTTL", "lock:cron:digest"));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(50_000);
});

test("a tick costs what the page says", async () => {
  const chat = await outside(() => ({ body: "" }));
  await tick("warm", chat.url).ended; // The first use of a script sends it twice, by its hash and as it is.
  const { result, commands } = await billed(app.redis, () => tick("cost", chat.url).ended);
  expect(result).toMatchObject({ code: 0, printed: "sent the digest of 0 visits\n" });
  expect(commands).toBe(stated("bun-cron", "the host that does the work"));
});

test("a job that fails ends with 1 and keeps the tick: it is not sent twice by the next host", async () => {
  const chat = await outside(() => ({ status: 500, body: "" }));
  expect(await tick("fails", chat.url).ended).toMatchObject({ code: 1 });
  expect(await tick("fails", chat.url).ended).toMatchObject({ code: 0, printed: "another host has this tick\n" });
  expect(chat.calls).toHaveLength(1);
});

test("SIGTERM stops the job, gives the lock back, and ends with 1", async () => {
  const chat = await outside(() => new Promise(() => {}));
  const running = tick("stopped", chat.url);
  await chat.called(1);
  running.kill("SIGTERM");
  const { code, signal, printed } = await running.ended;
  expect({ code, signal }).toEqual({ code: 1, signal: null });
  expect(printed).toContain("LOST: ");
  expect(text(await app.redis.send("GET", "lock:cron:stopped"))).toMatch(/^\.t/);
});

test("without Redis it says so and ends with 1", async () => {
  const away = await startRedis();
  await away.stop();
  const { code, printed } = await tick("digest", "http://127.0.0.1:9", away.url).ended;
  expect(code).toBe(1);
  expect(printed).toMatch(/^BACKEND: /);
});
