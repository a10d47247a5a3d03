import { expect, test } from "vitest";
import { text } from "../support/resp.ts";
import { deployed } from "./support/deployed.ts";
import { NODE, run, start, TSC } from "./support/run.ts";

const EVERY = 2000;

const app = deployed("node-scheduler");

const instance = () => start(app.folder, [NODE, "main.ts"], { REDIS_URL: app.redisUrl, EVERY_MS: String(EVERY) });

test("compiles", async () => {
  await run(app.folder, [NODE, TSC]);
});

test("of four instances one makes the report of each tick, though one is killed; SIGTERM ends the others well", async () => {
  const [killed, ...others] = [instance(), instance(), instance(), instance()];
  await Promise.all([killed, ...others].map((each) => each?.prints(/scheduled/)));
  await Promise.race(others.map((each) => each.prints(/made the report/)).concat(killed?.prints(/made/) ?? []));
  killed?.kill("SIGKILL");
  // Whoever it is that makes them: the fleet goes on.
  const made = () => [killed, ...others].map((each) => each?.printed() ?? "").join("");
  while ((made().match(/made the report/g) ?? []).length < 3) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const each of others) each.kill("SIGTERM");
  const ends = await Promise.all(others.map(({ ended }) => ended));
  expect(ends.map(({ code, signal }) => [code, signal])).toEqual(Array(3).fill([0, null]));

  const ticks = [...made().matchAll(/made the report of (\S+)/g)].map(([, tick]) => tick as string);
  expect(new Set(ticks).size).toBe(ticks.length);
  for (const tick of ticks) {
    expect(Date.parse(tick) % EVERY).toBe(0);
    expect(await app.redis.send("GET", `report:${tick}`).then(text)).toBe("1");
  }
});
