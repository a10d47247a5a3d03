import { median, quantile } from "../support/statistics.ts";

/** One acquisition: when it was asked for, granted, and over, before the release. Milliseconds of the machine's clock. */
export type Take = readonly [asked: number, granted: number, over: number];

/** How a crowd got through. */
export interface Passage {
  acquisitions: number;
  /** From the first who asked to the last who was done, over the sum of the holds. */
  stretch: number;
  hold: number;
  /** Between a release and the next grant, on average: what the lock stood idle although somebody wanted it. */
  gap: number;
  median: number;
  longest: number;
  /** The longest wait over the median one: about 1 where nobody is overtaken. */
  unfairness: number;
  /** How often two held at once. Anything but 0 is no lock. */
  overlaps: number;
}

/** Milliseconds that mean the same in every process of this machine. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function passageOf(takes: readonly Take[]): Passage {
  const inOrder = [...takes].sort(([, a], [, b]) => a - b);
  const waits = takes.map(([asked, granted]) => granted - asked);
  const holds = takes.map(([, granted, over]) => over - granted);
  const held = sum(holds);
  const gaps = gapsOf(inOrder);
  const first = Math.min(...takes.map(([asked]) => asked));
  const last = Math.max(...takes.map(([, , over]) => over));
  const longest = quantile(waits, 1);
  return {
    acquisitions: takes.length,
    stretch: (last - first) / held,
    hold: held / takes.length,
    gap: sum(gaps) / gaps.length,
    median: median(waits),
    longest,
    unfairness: longest / median(waits),
    overlaps: gaps.filter((gap) => gap < 0).length,
  };
}

/** Between the end of all holds so far and each next grant; below 0 where two held at once. */
function gapsOf(inOrder: readonly Take[]): number[] {
  let free = inOrder[0]?.[2] ?? Number.NaN;
  return inOrder.slice(1).map(([, granted, over]) => {
    const gap = granted - free;
    free = Math.max(free, over);
    return gap;
  });
}

/** How many were granted in a span of time. */
export function grantsWithin(takes: readonly Take[], from: number, to: number): number {
  return takes.filter(([, granted]) => granted >= from && granted < to).length;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
