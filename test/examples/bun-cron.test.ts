import { expect, test } from "vitest";
import { startRedis } from "../support/redis-server.ts";
import { text } from "../support/resp.ts";
import { billed, stated } from "./support/billed.ts";
import { deployed } from "./support/deployed.ts";
import { later, SECOND } from "./support/later.ts";
import { outside } from "./support/outside.ts";
import { BUN, CLOCK_AHEAD, NODE, run, start } from "./support/run.ts";

const app = deployed("bun-cron");

const tick = (job: string, chat: string, { redisUrl = app.redisUrl, ahead = 0 } = {}) =>
  start(app.folder, [BUN, "run", "--preload", CLOCK_AHEAD, "cron.ts"], {
    REDIS_URL: redisUrl,
    CHAT_WEBHOOK_URL: chat,
    JOB: job,
    CLOCK_AHEAD_MS: String(ahead),
  });

const TAKEN = "another host has this tick\n";

test("compiles", async () => {
  await run(app.folder, [NODE, "node_modules/typescript/bin/tsc"]);
});

test("of four hosts that tick at once one does the work, and one whose clock is late finds it done", async () => {
  const chat = await outside(() => ({ body: "" }));
  await app.redis.send("SET", "visits:digest", "42");
  const ends = await Promise.all([1, 2, 3, 4].map(() => tick("digest", chat.url).ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(ends.map(({ printed }) => printed).sort()).toEqual([
    ...Array<string>(3).fill(TAKEN),
    "sent the digest of 42 visits\n",
  ]);
  const late = await billed(app.redis, () => tick("digest", chat.url).ended);
  expect(late.result).toMatchObject({ code: 0, printed: TAKEN });
  expect(late.commands).toBe(stated("bun-cron", "a host that finds the tick taken"));
  expect(chat.calls).toHaveLength(1);
  expect(await app.redis.send("GET", "visits:digest").then(text)).toBe("0");

  // Released, and kept until minHold: nobody holds it, and nobody gets it.
  expect(text(await app.redis.send("GET", "lock:cron:digest"))).toMatch(/^\.t/);
  const left = Number(await app.redis.send("PTTL", "lock:cron:digest"));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(50_000);
});

test("of hosts whose clocks are 30 s apart one does the work of each tick, though one is killed at its own", async () => {
  let dies = true;
  const chat = await outside(() => (dies ? new Promise(() => {}) : { body: "" }));
  const host = (seconds: number) => tick("apart", chat.url, { ahead: seconds * SECOND });
  const AHEAD = [15, 12, 0, -15];
  /** Each comes when its own clock is at the minute: who is ahead is first. Then the minute passes. */
  async function others(): Promise<string[]> {
    const said: string[] = [];
    for (const [index, ahead] of AHEAD.slice(1).entries()) {
      await later(app.redis, ((AHEAD[index] as number) - ahead) * SECOND);
      said.push((await host(ahead).ended).printed);
    }
    await later(app.redis, 30 * SECOND);
    return said;
  }
  const killed = host(15);
  await chat.called(1);
  killed.kill("SIGKILL");
  expect(await killed.ended).toMatchObject({ signal: "SIGKILL" });
  dies = false;
  expect(await others()).toEqual([TAKEN, TAKEN, TAKEN]);
  expect(chat.calls).toHaveLength(1);

  // The next minute comes without it, and the one after that with it.
  expect(await others()).toEqual(["sent the digest of 0 visits\n", TAKEN, TAKEN]);
  expect((await host(15).ended).printed).toBe("sent the digest of 0 visits\n");
  expect(await others()).toEqual([TAKEN, TAKEN, TAKEN]);
  expect(chat.calls).toHaveLength(3);
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
  expect(await tick("fails", chat.url).ended).toMatchObject({ code: 0, printed: TAKEN });
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
  const { code, printed } = await tick("digest", "http://127.0.0.1:9", { redisUrl: away.url }).ended;
  expect(code).toBe(1);
  expect(printed).toMatch(/^BACKEND: /);
});
