/** What docs/comparison.md says of speed stands in docs/bench.json, which the benchmark has written. */
import { describe, expect, test } from "vitest";
import { read } from "../docs/markdown.ts";

interface Section {
  title: string;
  head: string[];
  rows: string[][];
}
const sections: Section[] = JSON.parse(read("docs/bench.json")).suites.flatMap(
  (suite: { sections: Section[] }) => suite.sections,
);

/** The figures of a column, by contender. */
function column(title: string, head: string): Record<string, number> {
  const section = sections.find((each) => each.title === title);
  const index = section?.head.indexOf(head) ?? -1;
  expect(index).toBeGreaterThan(0);
  return Object.fromEntries(section?.rows.map((row) => [row[0], Number(row[index])]) ?? []);
}

describe("in the figures of the benchmark", () => {
  test("a cycle that nobody else wants: redlock, redis-semaphore and redlock-universal take less time", () => {
    const ms = column("An uncontended cycle", "ms a cycle");
    for (const name of ["redlock", "redis-semaphore", "redlock-universal"]) {
      expect(ms[name]).toBeLessThan(ms.holdfast as number);
      expect(ms[name]).toBeLessThan(ms["holdfast, fence: false"] as number);
    }
  });

  test("twenty waiters in four processes: by default the others leave the lock idle for less of the time", () => {
    const total = column("4 processes × 5 waiters", "total / holds");
    for (const name of ["redlock", "redis-semaphore", "redlock-universal", "simple-redis-mutex"]) {
      expect(total[name]).toBeLessThan(total.holdfast as number);
      // redis-semaphore polls every 10 ms, with four times the requests, and is as quick as our line.
      const woken = total["holdfast, fair: true, wake-ups"] as number;
      expect(total[name]).toBeGreaterThanOrEqual(name === "redis-semaphore" ? woken - 0.05 : woken);
    }
  });

  test("twenty waiters in four processes: ours send fewer requests an acquisition", () => {
    const requests = column("4 processes × 5 waiters", "requests an acquisition");
    for (const name of ["redlock", "redis-semaphore", "redlock-universal", "simple-redis-mutex"]) {
      expect(requests[name]).toBeGreaterThan(requests.holdfast as number);
    }
  });

  test("twenty waiters in four processes: in our line the longest wait is shorter", () => {
    const longest = column("4 processes × 5 waiters", "longest wait, ms");
    for (const name of ["redlock", "redis-semaphore", "redlock-universal", "simple-redis-mutex"]) {
      expect(longest[name]).toBeGreaterThan(longest["holdfast, fair: true"] as number);
      expect(longest[name]).toBeGreaterThan(longest["holdfast, fair: true, wake-ups"] as number);
    }
  });
});
