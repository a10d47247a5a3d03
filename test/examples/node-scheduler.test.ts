import { expect, test, vi } from "vitest";
import { text } from "../support/resp.ts";
import { asked } from "./support/asked.ts";
import { deployed } from "./support/deployed.ts";
import { CLOCK_AHEAD, NODE, run, start, TSC } from "./support/run.ts";

const EVERY = 2500;
/** By how much the clocks are ahead: less than half of the time between two ticks, as the README has it. */
const AHEAD = [900, 300, -300, -900];

const app = deployed("node-scheduler");

const instance = (ahead: number) =>
  start(app.folder, [NODE, "--import", CLOCK_AHEAD, "main.ts"], {
    REDIS_URL: app.redisUrl,
    EVERY_MS: String(EVERY),
    CLOCK_AHEAD_MS: String(ahead),
  });

const madeOf = async (tick: number) =>
  Number((await app.redis.send("GET", `report:${new Date(tick).toISOString()}`)) ?? 0);

test("compiles", async () => {
  await run(app.folder, [NODE, TSC]);
});

test("of four instances whose clocks are apart one makes the report of each tick, though one is killed at it; SIGTERM ends the others well", async () => {
  const { by, runs } = await asked(app.redisUrl, "lock:cron:report:");
  const fleet = AHEAD.map(instance);
  /** The ticks that all of these have asked for, each by its own clock. */
  const ticksOf = (all: typeof fleet) =>
    [...by].filter(([, pids]) => all.every(({ pid }) => pids.has(pid))).map(([tick]) => Date.parse(tick));
  const have = (all: typeof fleet, ticks: number, after = 0) =>
    vi.waitUntil(() => ticksOf(all).filter((tick) => tick > after).length >= ticks, { timeout: 50_000 });

  await have(fleet, 1);
  const [first = 0] = ticksOf(fleet);
  const [, report = ""] = await runs("incr", /^report:/);
  const tick = report.slice("report:".length);
  const holder = text(await app.redis.send("GET", `lock:cron:report:${tick}`));
  const killed = fleet.find(({ pid }) => holder.endsWith(`:${pid}`));
  killed?.kill("SIGKILL");
  expect(await killed?.ended).toMatchObject({ signal: "SIGKILL" });

  const others = fleet.filter((each) => each !== killed);
  await have(others, 2, Date.parse(tick));
  const last = Math.max(...ticksOf(others));
  for (const each of others) each.kill("SIGTERM");
  const ends = await Promise.all(others.map(({ ended }) => ended));
  expect(ends.map(({ code, signal }) => [code, signal])).toEqual(Array(3).fill([0, null]));

  const ticks = Array.from({ length: (last - first) / EVERY + 1 }, (_, index) => first + index * EVERY);
  expect(ticks.length).toBeGreaterThanOrEqual(3);
  expect(await Promise.all(ticks.map(madeOf))).toEqual(ticks.map(() => 1));
  for (const name of by.keys()) {
    expect(Date.parse(name) % EVERY).toBe(0);
    expect(await madeOf(Date.parse(name))).toBeLessThanOrEqual(1);
  }
});
