import fc from "fast-check";
import { afterAll, expect, inject, test } from "vitest";
import { fuzz } from "../support/fuzz.ts";
import { respClient } from "../support/resp.ts";
import { type Step, step } from "./commands.ts";
import { allOf, memorySide, redisSide, type State } from "./sides.ts";

const RUNS = 500;

/** Milliseconds by which lives may differ: the server rounds, and the fake's clock takes a step for each command. */
const TOLERANCE = 50;

/** A run that took so long that keys may have expired on one side only says nothing; it is repeated. */
const TOO_LONG = 400;

const client = respClient(inject("redisUrl"));
afterAll(() => client.close());

/** Fences are times: equal ones stay equal and later ones later, while the numbers differ between the sides. */
class Fences {
  readonly #seen: [number, number][] = [];

  same(redis: string, fake: string): boolean {
    const pair: [number, number] = [Number(redis), Number(fake)];
    const fits = this.#seen.every(([a, b]) => Math.sign(pair[0] - a) === Math.sign(pair[1] - b));
    this.#seen.push(pair);
    return fits && (redis === "") === (fake === "");
  }
}

/** A record's last fence, and what follows it. */
function parts(record: string): [fence: string, entries: string] {
  const fence = /^\d*/.exec(record)?.[0] ?? "";
  return [fence, record.slice(fence.length)];
}

/** The same places in the same order, and the same who wait for about as long. */
function sameLine(redis: string, fake: string): boolean {
  const [real, other]: [string, number][][] = [JSON.parse(redis), JSON.parse(fake)];
  return (
    real?.length === other?.length &&
    !!real?.every(([member, score], index) => {
      const [its, itsScore] = other?.[index] ?? ["", 0];
      return member === its && Math.abs(score - itsScore) <= (member.includes(" ") ? 0 : TOLERANCE);
    })
  );
}

/** What differs in what both sides say and hold. Fences are compared with those of the same name. */
function difference(
  of: (key: string) => Fences,
  lock: string,
  real: State,
  fake: State,
  passed: number,
): string | undefined {
  if (!Array.isArray(real.reply) || !Array.isArray(fake.reply)) {
    if (JSON.stringify(real.reply) !== JSON.stringify(fake.reply)) return "reply";
  } else {
    const [outcome, left, fence, value, ...more] = real.reply;
    const [fakeOutcome, fakeLeft, fakeFence, fakeValue, ...others] = fake.reply;
    if (outcome !== fakeOutcome || value !== fakeValue || more.length || others.length) return "reply";
    if (typeof left !== typeof fakeLeft || Math.abs(left - fakeLeft) > TOLERANCE) return "time left in the reply";
    if (outcome === "waiting" && left !== fakeLeft) return "place in line";
    if (!of(lock).same(fence, fakeFence)) return "fence";
  }
  if (real.keys.length !== fake.keys.length) return "keys";
  for (const { key, value, pttl } of real.keys) {
    const other = fake.keys.find((entry) => entry.key === key);
    if (!other) return `key ${key}`;
    const isRecord = key.startsWith("fence.");
    if (key.startsWith("queue.")) {
      if (!sameLine(value, other.value)) return `value of ${key}`;
      if (Math.abs(pttl - other.pttl) > TOLERANCE) return `life of ${key}`;
      continue;
    }
    const [fence, entries] = isRecord ? parts(value) : ["", value];
    const [fakeFence, fakeEntries] = isRecord ? parts(other.value) : ["", other.value];
    if (entries !== fakeEntries) return `value of ${key}`;
    if (!of(key.replace(/^(fence\.7t5|result\.qdb):/, "")).same(fence, fakeFence)) return `fence in ${key}`;
    // The life of a record whose fence is ahead of the clock counts from the fence, which has not moved with the time.
    if (Math.abs(pttl - other.pttl) > TOLERANCE + (isRecord ? passed : 0)) return `life of ${key}`;
  }
  return undefined;
}

let runs = 0;

/** A real difference is there every time; one of time is there when this process, or the server's, was stopped between. */
async function compare(steps: Step[]): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await compareOnce(steps);
    } catch (error) {
      if (attempts === 3) throw error;
    }
  }
}

async function compareOnce(steps: Step[]): Promise<void> {
  const prefix = `${inject("redisPrefix")}model:${runs++}:`;
  const keys = [`${prefix}{a}b`, `${prefix}c`];
  const clock = { now: 0 };
  const [real, fake] = [redisSide(client, clock), memorySide(clock)];
  const fences = new Map(keys.map((key) => [key, new Fences()]));
  let passed = 0;
  let began = 0;
  try {
    for (const [index, each] of steps.entries()) {
      if (each.do === "pass") passed += each.seconds * 1000;
      const said = await real.run(each, keys);
      began ||= clock.now;
      const answered = await fake.run(each, keys);
      if (clock.now - began > TOO_LONG) return await compareOnce(steps);
      const lock = "lock" in each ? (keys[each.lock] as string) : "";
      const differs = difference((key) => fences.get(key) as Fences, lock, said, answered, passed);
      const history = JSON.stringify({ steps: steps.slice(0, index + 1), redis: said, memory: answered }, null, 1);
      expect(differs, history).toBe(undefined);
    }
  } finally {
    await client.send("DEL", ...allOf(keys));
  }
}

test(`${RUNS} random runs end the same in memory and in Redis`, async () => {
  await fuzz(RUNS, fc.array(step, { minLength: 5, maxLength: 25 }), compare);
}, 60_000);
