import { describe, expect, test } from "vitest";
import { seededRandom } from "../support/random.ts";
import { type CronOptions, counts, cronFleet } from "./fleet.ts";
import { A_NAME_EACH, keptFor, ONE_NAME, oneName, tickBy } from "./recipes.ts";

const TICKS = 60;
const WRONG = [0, 7_000, -12_000, 19_000, -25_000];

async function runs(options: CronOptions): Promise<number[]> {
  const fleet = cronFleet(options);
  await fleet.run(TICKS);
  return counts(fleet);
}

const once = Array(TICKS).fill(1);

/** Milliseconds between these two, by a seed. */
function between(least: number, most: number, seed = 7): () => number {
  const random = seededRandom(seed);
  return () => least + Math.floor(random() * (most - least));
}

const sometimes = (share: number, seed = 11) => {
  const random = seededRandom(seed);
  return () => random() < share;
};

describe("one name for all ticks", () => {
  test("with minHold, instances whose clocks are 44 s apart run each tick once", async () => {
    expect(await runs({ ahead: WRONG, recipe: ONE_NAME })).toEqual(once);
  });

  test("without it a tick runs as often as there are instances", async () => {
    expect(await runs({ ahead: WRONG, recipe: oneName("") })).toEqual(Array(TICKS).fill(WRONG.length));
  });

  test("nor does it with a minHold that is shorter than the clocks are apart", async () => {
    expect(await runs({ ahead: WRONG, recipe: oneName('minHold: "20s"') })).not.toEqual(once);
  });

  test("late timers count like wrong clocks", async () => {
    expect(await runs({ ahead: [0, 7_000, -12_000, 19_000], recipe: ONE_NAME, late: between(0, 5000) })).toEqual(once);
  });

  test("with half of the interval it may be anyone within half of the interval who comes first; with more, a tick is left out", async () => {
    const late = () => between(0, 29_000);
    expect(await runs({ ahead: [0, 0, 0], recipe: oneName('minHold: "30s"'), late: late() })).toEqual(once);
    const left = await runs({ ahead: [0, 0, 0], recipe: ONE_NAME, late: late() });
    expect(new Set(left)).toEqual(new Set([1]));
    expect(left.length).toBeLessThan(TICKS);
  });

  test.each([
    ["at once after it began", 0],
    ["in the middle", 1000],
    ["shortly before its first renewal", 33_000],
  ])("an instance that dies %s keeps its tick: nobody runs it again, and the next one is run", async (_, work) => {
    const recipe = oneName('ttl: "30s", minHold: "50s"');
    expect(await runs({ ahead: [0, 700, -900], recipe, work, dies: sometimes(0.3) })).toEqual(once);
  });

  test("one that dies after a renewal keeps the name for a ttl from there, which may leave out the next tick; a name of its own does not", async () => {
    const dying = () => ({ ahead: [0, 700, -900], work: 45_000, dies: sometimes(0.3) });
    const left = await runs({ ...dying(), recipe: ONE_NAME });
    expect(new Set(left)).toEqual(new Set([1]));
    expect(left.length).toBeLessThan(TICKS);
    expect(await runs({ ...dying(), recipe: A_NAME_EACH })).toEqual(once);
  });

  test("every one of them may die", async () => {
    expect(await runs({ ahead: WRONG, recipe: ONE_NAME, dies: () => true })).toEqual(once);
  });

  test("without minHold the others run again what one has died of", async () => {
    const dies = (_minute: number, instance: number) => instance === 3;
    const recipe = oneName('ttl: "1s"');
    expect(Math.min(...(await runs({ ahead: WRONG, recipe, work: 5000, dies })))).toBeGreaterThan(1);
  });

  test("work that takes longer than minHold holds on: no second run beside it, nor one after it in its tick", async () => {
    const recipe = oneName('ttl: "10s", minHold: "30s"');
    expect(await runs({ ahead: [0, 7_000, -12_000], recipe, work: 55_000 })).toEqual(once);
  });
});

describe("a name for each tick", () => {
  test.each([
    ["as on the page", A_NAME_EACH],
    ["for longer than to the next one", keptFor("1h")],
  ])("it is kept %s, and each is run once, though work runs into the next one", async (_, recipe) => {
    expect(await runs({ ahead: WRONG, recipe, work: 70_000 })).toEqual(once);
    expect(await runs({ ahead: WRONG, recipe, late: between(0, 4000), dies: sometimes(0.5, 3) })).toEqual(once);
  });

  test("timers that are early or late by less than half of the interval are at the nearest tick; rounded down they are not", async () => {
    const unpunctual = () => ({ ahead: [0, 700, -900], late: between(-29_000, 29_000) });
    expect(await runs({ ...unpunctual(), recipe: A_NAME_EACH })).toEqual(once);
    expect(await runs({ ...unpunctual(), recipe: tickBy("Math.floor") })).not.toEqual(once);
  });

  test("an instance that is later than that takes the next tick's name, before the others: still none is run twice", async () => {
    const late = (instance: number) => (instance === 0 ? 40_000 : 0);
    const fleet = cronFleet({ ahead: WRONG, recipe: A_NAME_EACH, late });
    await fleet.run(TICKS);
    expect(new Set(counts(fleet))).toEqual(new Set([1]));
    expect(fleet.begun.size).toBeGreaterThanOrEqual(TICKS);
  });
});
