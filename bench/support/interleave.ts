/** What one turn measured, by name: milliseconds, requests, whatever the suite compares. */
export type Measures = Record<string, number>;

export interface Contestant {
  /** Unique among those it is compared with. */
  name: string;
  /** One turn of the workload. What it throws is counted as a failure, and the run goes on. */
  turn(): Promise<Measures>;
  /** For one whose turn takes seconds: it takes part in this many rounds only, and is not warmed up. */
  turns?: number;
}

export interface Played {
  /** By round, `undefined` where the contestant failed or did not take part. */
  rounds: (Measures | undefined)[];
  failures: number;
  /** What the first failure said. */
  firstFailure?: string;
}

export interface Pace {
  /** Rounds that count. */
  rounds: number;
  /** Rounds before, for compilers and caches. */
  warmUp: number;
  /** Called before each round with how many are done of all, the warm-up included. */
  progress?: (done: number, of: number) => void;
}

/**
 * All in every round, so that what slows the machine down for a while slows all of them down; each round in another
 * order, because whoever follows a certain one is faster or slower for it.
 */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds, warmUp, progress }: Pace,
): Promise<Map<string, Played>> {
  const played = new Map<string, Played>(contestants.map(({ name }) => [name, { rounds: [], failures: 0 }]));
  if (played.size < contestants.length) throw new Error("two contestants have the same name");
  const shuffle = shuffler(1);
  for (let round = -warmUp; round < rounds; round++) {
    progress?.(round + warmUp, rounds + warmUp);
    for (const { name, turns = rounds, turn } of shuffle(contestants)) {
      if (round >= turns || (round < 0 && turns < rounds)) continue;
      const record = played.get(name)!;
      try {
        const measures = await turn();
        if (round >= 0) record.rounds[round] = measures;
      } catch (error) {
        record.failures++;
        record.firstFailure ??= (error as Error).message;
      }
    }
  }
  return played;
}

/** The same orders in every run. */
export function shuffler(seed: number): <Item>(items: readonly Item[]) => Item[] {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return (items) => {
    const left = [...items];
    return items.map(() => left.splice(random(left.length), 1)[0] as (typeof left)[0]);
  };
}

/** One of the measures, round by round. */
export function series(played: Played | undefined, measure: string): (number | undefined)[] {
  return Array.from(played?.rounds ?? [], (measures) => measures?.[measure]);
}

export function known(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}
