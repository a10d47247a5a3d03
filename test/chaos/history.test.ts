import { describe, expect, test } from "vitest";
import { growthOf } from "./growth.ts";
import { fenceFaults, type Holding, holdingsOf, overlapsOf } from "./history.ts";
import { openResource } from "./resource.ts";

function holding(who: string, fence: number, from: number, to: number, asked: number = from - 1): Holding {
  return { who, fence, from, to, asked, lost: undefined };
}

describe("a holding counts", () => {
  const granted = { type: "granted", at: 10, until: 110, fence: 7, asked: 9 } as const;
  test.each([
    ["to its deadline, if its process was killed", [granted], 110],
    ["to the deadline of its last renewal", [granted, { type: "renewed", fence: 7, until: 150 }], 150],
    ["to its release", [granted, { type: "released", at: 60, fence: 7 }], 60],
    ["to its loss", [granted, { type: "lost", at: 70, fence: 7, reason: "deleted" }], 70],
    ["to its deadline, if its process slept over it", [granted, { type: "released", at: 900, fence: 7 }], 110],
    ["as long as it says so, even after what was its deadline", [granted, { type: "held", at: 130, fence: 7 }], 130],
  ] as const)("%s", (_what, entries, to) => {
    expect(holdingsOf("a", entries)).toMatchObject([{ from: 10, to }]);
  });
});

test("overlaps are seen, also of one that spans several others", () => {
  const long = holding("a", 1, 0, 100);
  const seen = overlapsOf([holding("b", 2, 50, 60), long, holding("c", 3, 70, 200), holding("d", 4, 200, 300)]);
  expect(seen.map(({ a, b, ms }) => [a.who, b.who, ms])).toEqual([
    ["a", "b", 10],
    ["a", "c", 30],
  ]);
});

test("a fence given twice, and one that is smaller than that of an earlier grant, are seen", () => {
  expect(fenceFaults([holding("a", 5, 0, 10), holding("b", 5, 20, 30)])).toHaveLength(2);
  expect(fenceFaults([holding("a", 5, 0, 10), holding("b", 4, 20, 30)])).toEqual(["fence 4 of b came after 5"]);
  // It asked before the other was granted: its grant may have been the earlier one.
  expect(fenceFaults([holding("a", 5, 10, 20), holding("b", 4, 30, 40, 5)])).toEqual([]);
});

test("a late writer costs the bare counter an update, and the fenced one refuses it", () => {
  const { serve, fenced, bare } = openResource();
  const paused = serve({ type: "read", id: 1, fence: 1 }).values;
  const next = serve({ type: "read", id: 2, fence: 2 }).values;
  // Between the other's read and its write: only the fence that the read has shown can tell.
  serve({ type: "write", id: 3, fence: 1, seen: paused });
  serve({ type: "write", id: 4, fence: 2, seen: next });
  expect(bare).toMatchObject({ writes: 2, value: 1 });
  expect(fenced).toMatchObject({ writes: 1, value: 1, refused: 1 });
});

test("what grows a little at each sample is seen to grow, a warm-up and single peaks are not growth", () => {
  const series = { what: "heap", share: 0.05, fixed: 1, show: String };
  const steady = Array.from({ length: 100 }, (_, index) => (index < 20 ? index * 5 : index % 10 ? 100 : 300));
  expect(growthOf({ ...series, values: steady }).grew).toBe(false);
  expect(growthOf({ ...series, values: steady.map((value, index) => value + index / 2) }).grew).toBe(true);
});
