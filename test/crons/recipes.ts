import type { Locks } from "../../src/index.ts";
import { blocksOf, read } from "../docs/markdown.ts";

/** What an instance does at a tick, with its own connection and by its own clock. */
export type Recipe = (locks: Locks, sendReport: () => Promise<void>, date: OwnDate) => Promise<void>;

/** What the recipes use of `Date`. */
export interface OwnDate {
  new (value: number): Date;
  now(): number;
}

const [first = "", second = ""] = blocksOf({ path: "docs/crons.md", text: read("docs/crons.md") })
  .filter(({ language }) => language === "ts")
  .map(({ code }) => code);

const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => Recipe;
const compiled = (sample: string): Recipe => new AsyncFunction("locks", "sendReport", "Date", sample);

function instead(sample: string, words: string, others: string): Recipe {
  if (!sample.includes(words)) throw new Error(`docs/crons.md has no ${words} in:\n${sample}`);
  return compiled(sample.replace(words, others));
}

/** The two recipes of docs/crons.md, as they stand there: one name for all ticks, and a name for each. */
export const ONE_NAME: Recipe = compiled(first);
export const A_NAME_EACH: Recipe = compiled(second);

/** The first with other options. */
export const oneName = (options: string): Recipe => instead(first, 'minHold: "50s"', options);
/** The second, its tick by another function than the nearest. */
export const tickBy = (rounding: string): Recipe => instead(second, "Math.round", rounding);
/** The second with another `minHold`. */
export const keptFor = (duration: string): Recipe => instead(second, '"2m"', `"${duration}"`);
