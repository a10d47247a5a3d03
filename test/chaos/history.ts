import type { Entry } from "./journal.ts";

/** A time in which one process believed that it held the lock, in milliseconds of the common clock. */
export interface Holding {
  who: string;
  fence: number;
  /** Not later than the sending of the request that granted it. */
  asked: number;
  from: number;
  /** Its release, its loss, or its deadline, whichever came first: also that of one who was killed or stopped. */
  to: number;
  lost: string | undefined;
}

export interface Overlap {
  a: Holding;
  b: Holding;
  /** Milliseconds that both believed. */
  ms: number;
}

/** The holdings of one worker, in the order of its journal. */
export function holdingsOf(who: string, entries: readonly Entry[]): Holding[] {
  const holdings: Holding[] = [];
  for (const entry of entries) {
    if (entry.type === "granted") {
      const { fence, asked, at, until } = entry;
      holdings.push({ who, fence, asked, from: at, to: until, lost: undefined });
      continue;
    }
    const current = holdings.at(-1);
    if (!current || !("fence" in entry) || entry.fence !== current.fence) continue;
    if (entry.type === "renewed") current.to = entry.until;
    else current.to = entry.type === "held" ? Math.max(current.to, entry.at) : Math.min(current.to, entry.at);
    if (entry.type === "lost") current.lost = entry.reason;
  }
  return holdings;
}

/** Every pair with a moment in common. */
export function overlapsOf(holdings: readonly Holding[]): Overlap[] {
  const overlaps: Overlap[] = [];
  let open: Holding[] = [];
  for (const b of [...holdings].sort((one, other) => one.from - other.from)) {
    open = open.filter((a) => a.to > b.from);
    for (const a of open) overlaps.push({ a, b, ms: Math.min(a.to, b.to) - b.from });
    open.push(b);
  }
  return overlaps.filter(({ ms }) => ms > 0);
}

/**
 * What is wrong with the fences: a fence twice, or a smaller one for a grant whose request was sent when the other had
 * been granted already. Grants that could have been made in either order are not compared.
 */
export function fenceFaults(holdings: readonly Holding[]): string[] {
  const faults: string[] = [];
  const seen = new Set<number>();
  for (const { fence, who } of holdings) {
    if (seen.has(fence)) faults.push(`fence ${fence} was given twice, the second time to ${who}`);
    seen.add(fence);
  }
  const granted = [...holdings].sort((a, b) => a.from - b.from);
  let index = 0;
  let largest = 0;
  for (const later of [...holdings].sort((a, b) => a.asked - b.asked)) {
    for (let next = granted[index]; next && next.from < later.asked; next = granted[++index]) {
      largest = Math.max(largest, next.fence);
    }
    if (later.fence <= largest) faults.push(`fence ${later.fence} of ${later.who} came after ${largest}`);
  }
  return faults;
}
