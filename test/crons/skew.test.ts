import { expect, test } from "vitest";
import { seededRandom } from "../support/random.ts";
import { type CronOptions, counts, cronFleet } from "./fleet.ts";

const TICKS = 60;
const WRONG = [0, 7_000, -12_000, 19_000, -25_000];

async function runs(options: CronOptions): Promise<number[]> {
  const fleet = cronFleet(options);
  await fleet.run(TICKS);
  return counts(fleet);
}

const once = Array(TICKS).fill(1);

test("with minHold, instances whose clocks are 44 s apart run each tick once", async () => {
  expect(await runs({ ahead: WRONG, options: { minHold: "50s" } })).toEqual(once);
});

test("without it a tick runs as often as there are instances", async () => {
  expect(await runs({ ahead: WRONG, options: {} })).toEqual(Array(TICKS).fill(WRONG.length));
});

test("nor does it with a minHold that is shorter than the clocks are apart", async () => {
  expect(await runs({ ahead: WRONG, options: { minHold: "20s" } })).not.toEqual(once);
});

test("late timers count like wrong clocks", async () => {
  const random = seededRandom(7);
  const late = () => Math.floor(random() * 5000);
  expect(await runs({ ahead: [0, 7_000, -12_000, 19_000], options: { minHold: "50s" }, late })).toEqual(once);
});

test.each([
  ["at once after it began", 0],
  ["in the middle", 1000],
  ["shortly before its first renewal", 33_000],
])("an instance that dies %s keeps its tick: nobody runs it again, and the next one is run", async (_, work) => {
  const random = seededRandom(11);
  const dies = () => random() < 0.3;
  expect(await runs({ ahead: [0, 700, -900], options: { ttl: "30s", minHold: "50s" }, work, dies })).toEqual(once);
});

test("one that dies after a renewal keeps the name for a ttl from there, which may leave out the next tick; a name of its own does not", async () => {
  const dying = () => {
    const random = seededRandom(11);
    return { ahead: [0, 700, -900], options: { minHold: "50s" }, work: 45_000, dies: () => random() < 0.3 };
  };
  const left = await runs(dying());
  expect(new Set(left)).toEqual(new Set([1]));
  expect(left.length).toBeLessThan(TICKS);
  expect(await runs({ ...dying(), name: (minute) => `cron:${minute}` })).toEqual(once);
});

test("every one of them may die", async () => {
  expect(await runs({ ahead: WRONG, options: { minHold: "50s" }, dies: () => true })).toEqual(once);
});

test("without minHold the others run again what one has died of", async () => {
  const dies = (_minute: number, instance: number) => instance === 3;
  const options = { ttl: "1s" };
  expect(Math.min(...(await runs({ ahead: WRONG, options, work: 5000, dies })))).toBeGreaterThan(1);
});

test("work that takes longer than minHold holds on: no second run beside it, nor one after it in its tick", async () => {
  expect(await runs({ ahead: [0, 7_000, -12_000], options: { ttl: "10s", minHold: "30s" }, work: 55_000 })).toEqual(
    once,
  );
});

test("named by the tick it is kept for longer than to the next one, and each is run once", async () => {
  const name = (minute: number) => `cron:${minute}`;
  expect(await runs({ ahead: WRONG, options: { minHold: "1h" }, name, work: 70_000 })).toEqual(once);
  const random = seededRandom(3);
  const late = () => Math.floor(random() * 4000);
  expect(await runs({ ahead: WRONG, options: { minHold: "1h" }, name, late, dies: () => random() < 0.5 })).toEqual(
    once,
  );
});
