import { planOf } from "./planner.ts";
import type { Range } from "./pool.ts";
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

/** How many servers there are in the world of a seed, where several counts are wanted. */
export function storesOf(seed: number, stores: readonly number[]): number {
  return stores[Math.floor(seed / 2) % stores.length] ?? 1;
}

/** Runs the seeds one after another, and hands on what they gave, now and then. */
export async function runSeeds(
  seeds: Iterable<number>,
  { regime, stores, contended }: Pick<Range, "regime" | "stores" | "contended">,
  hand: (sum: Sum) => void,
  every = 250,
): Promise<void> {
  let sum: Sum = { seeds: 0, failed: [], tally: {} };
  for (const seed of seeds) {
    const { violations, tally } = await simulate(planOf(seed, { regime, contended, stores: storesOf(seed, stores) }));
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
