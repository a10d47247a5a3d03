import type { Wanted } from "./planner.ts";
import { planOf } from "./planner.ts";
import { simulate } from "./run.ts";

/** A seed that failed, by what it broke first. */
export interface Failed {
  seed: number;
  invariant: number;
  text: string;
}

/** What many seeds gave together. */
export interface Sum {
  seeds: number;
  failed: Failed[];
  tally: Record<string, number>;
}

/** Runs the seeds one after another, and hands on what they gave, now and then. */
export async function runSeeds(
  seeds: Iterable<number>,
  wanted: Wanted,
  hand: (sum: Sum) => void,
  every = 250,
): Promise<void> {
  let sum: Sum = { seeds: 0, failed: [], tally: {} };
  for (const seed of seeds) {
    const { violations, tally } = await simulate(planOf(seed, wanted));
    sum.seeds++;
    const [first] = violations;
    if (first) sum.failed.push({ seed, invariant: first.invariant, text: first.text });
    for (const [what, times] of tally) sum.tally[what] = (sum.tally[what] ?? 0) + times;
    if (sum.seeds < every) continue;
    hand(sum);
    sum = { seeds: 0, failed: [], tally: {} };
  }
  hand(sum);
}

export function add(total: Sum, sum: Sum): void {
  total.seeds += sum.seeds;
  total.failed.push(...sum.failed);
  for (const [what, times] of Object.entries(sum.tally)) total.tally[what] = (total.tally[what] ?? 0) + times;
}
