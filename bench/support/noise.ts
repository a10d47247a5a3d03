import { loadavg } from "node:os";
import { median, medianDeviation } from "./statistics.ts";

/** How steady the machine was: the same computation again and again. */
export interface Noise {
  /** Milliseconds. */
  median: number;
  /** Median deviation, and the slowest, as shares of the median. */
  deviation: number;
  slowest: number;
  /** Processes that were running or wanted to, over the last minute. */
  load: number;
}

function compute(): number {
  const began = performance.now();
  let state = 1;
  for (let step = 0; step < 2_000_000; step++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state === 0 ? Number.NaN : performance.now() - began;
}

export function measureNoise(times = 100): Noise {
  for (let warmUp = 0; warmUp < 10; warmUp++) compute();
  const took = Array.from({ length: times }, compute);
  const middle = median(took);
  return {
    median: middle,
    deviation: medianDeviation(took) / middle,
    slowest: Math.max(...took) / middle,
    load: loadavg()[0] ?? 0,
  };
}

export function describeNoise({ median, deviation, slowest, load }: Noise): string {
  const percent = (deviation * 100).toFixed(1);
  return `a computation of ${median.toFixed(1)} ms: median deviation ${percent} %, slowest ${slowest.toFixed(1)} ×; load ${load.toFixed(1)}`;
}
