/** One quantity over time, and how much of growth in it is no more than noise. */
export interface Series {
  what: string;
  values: readonly number[];
  /** Growth that is allowed: a share of what it was, and a fixed part. */
  share: number;
  fixed: number;
  show(value: number): string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export interface Growth {
  before: number;
  after: number;
  grew: boolean;
}

/** The first quarter is warm-up; then the medians of two halves are compared, so that no single peak decides. */
export function growthOf({ values, share, fixed }: Series): Growth {
  const warm = values.slice(Math.floor(values.length / 4));
  const middle = Math.floor(warm.length / 2);
  const before = median(warm.slice(0, middle));
  const after = median(warm.slice(middle));
  return { before, after, grew: after > before * (1 + share) + fixed };
}
