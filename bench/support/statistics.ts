/** The value below which a share of the values lies, between neighbours in proportion. `NaN` of no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below === above ? below : below + (above - below) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Median of the distances from the median: spread that a few late timers do not move. */
export function medianDeviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

export interface Summary {
  count: number;
  median: number;
  /** A quarter of the values is below the first of these, a quarter above the second. */
  quartiles: [low: number, high: number];
  deviation: number;
}

export function summarize(values: readonly number[]): Summary {
  return {
    count: values.length,
    median: median(values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
    deviation: medianDeviation(values),
  };
}

/** By round; `undefined` where there is no figure. */
export type Series = readonly (number | undefined)[];

function pairs<Result>(values: Series, against: Series, join: (value: number, other: number) => Result): Result[] {
  return values.flatMap((value, round) => {
    const other = against[round];
    return value === undefined || other === undefined ? [] : [join(value, other)];
  });
}

/** What each turn took against the other's turn in the same round; a round that one of them lacks does not count. */
export function ratios(values: Series, against: Series): number[] {
  return pairs(values, against, (value, other) => value / other);
}

/** By how much each turn took longer than the other's turn in the same round. */
export function differences(values: Series, against: Series): number[] {
  return pairs(values, against, (value, other) => value - other);
}

/**
 * When the `count`-th of these was fulfilled, on the clock that is given. Rejects when so many cannot be any more.
 */
export function whenFulfilled(
  promises: readonly Promise<unknown>[],
  count: number,
  now: () => number = () => performance.now(),
): Promise<number> {
  return new Promise((resolve, reject) => {
    let open = count;
    let spare = promises.length - count;
    const good = () => {
      if (--open === 0) resolve(now());
    };
    const bad = (error: unknown) => {
      if (spare-- === 0) reject(error);
    };
    for (const promise of promises) promise.then(good, bad);
  });
}
