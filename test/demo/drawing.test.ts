import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import type { DemoEvent, Happening } from "../../demo/events.ts";
import { judge } from "../../demo/history.ts";
import { painter, wantsColour } from "../../demo/paint.ts";
import { progressLine } from "../../demo/progress.ts";
import { lastLine } from "../../demo/report.ts";
import { drawTimeline } from "../../demo/timeline.ts";

const plain = painter(false);
const event = (at: number, who: string, what: Happening): DemoEvent => ({ ...what, who, at });

/** ada is stopped past its ttl and refused; ben works; eve is killed. 20 ms a column at 60 columns. */
const EVENTS: DemoEvent[] = [
  event(0, "ada", { type: "waiting" }),
  event(0, "ben", { type: "waiting" }),
  event(0, "eve", { type: "waiting" }),
  event(0, "ada", { type: "granted", fence: 10, until: 300 }),
  event(100, "ada", { type: "stopped" }),
  event(320, "ben", { type: "granted", fence: 11, until: 620 }),
  event(400, "ben", { type: "written", fence: 11 }),
  event(400, "ada", { type: "woken" }),
  event(401, "ada", { type: "lost", reason: "expired" }),
  event(402, "ada", { type: "refused", fence: 10, seen: 11 }),
  event(420, "ben", { type: "renewed", until: 720 }),
  event(600, "ben", { type: "released" }),
  event(620, "eve", { type: "granted", fence: 12, until: 920 }),
  event(700, "eve", { type: "killed" }),
  event(1100, "ben", { type: "finished" }),
];

describe("the timeline", () => {
  test("shows who waited, held, crashed, was stopped and refused, on one scale", () => {
    expect(drawTimeline(EVENTS, 62, plain).split("\n")).toEqual([
      "ada  #1███⏸▒▒▒▒▒▒▒▒▒·····!⊘",
      "ben  ░░░░░░░░░░░░░░░░#2████████████",
      "eve  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░#3██✗▒▒▒▒▒▒▒▒▒▒",
      "     ┼────────────────────────┴────────────────────────┼────",
      "     0 s                                               1 s",
    ]);
  });

  test("is the same in colour, sign for sign", () => {
    const coloured = drawTimeline(EVENTS, 62, painter(true));
    expect(coloured).toContain("\x1b[");
    expect(stripVTControlCharacters(coloured)).toBe(drawTimeline(EVENTS, 62, plain));
  });
});

describe("the last line", () => {
  test("counts grants, overlaps and refused writes", () => {
    expect(lastLine(judge(EVENTS))).toBe("3 grants, 0 overlaps, 1 stale write refused");
  });

  test("a holder let in before the deadline of a stopped or killed one is an overlap", () => {
    for (const [who, at] of [
      ["ben", 290],
      ["eve", 590],
    ] as const) {
      const early = EVENTS.map((one) => (one.type === "granted" && one.who === who ? { ...one, at } : one));
      const sorted = early.sort((a, b) => a.at - b.at);
      expect(lastLine(judge(sorted))).toBe("3 grants, 1 overlap, 1 stale write refused");
    }
  });

  test("says when a later grant has no larger fence", () => {
    const inverted = EVENTS.map((one) => (one.type === "granted" && one.who === "eve" ? { ...one, fence: 11 } : one));
    expect(judge(inverted).ordered).toBe(false);
    expect(lastLine(judge(inverted))).toMatch(/, fences out of order$/);
  });
});

test("progress says who holds the lock, and when nobody does", () => {
  const at = (ms: number) =>
    progressLine(
      EVENTS.filter((one) => one.at <= ms),
      ms,
    );
  expect(progressLine([], 0)).toBe("getting ready");
  expect(at(50)).toBe("0.1 s  ada holds the lock, #1, 2 waiting");
  expect(at(200)).toBe("0.2 s  ada is gone, its lock #1 has 100 ms left, 2 waiting");
  expect(at(310)).toBe("0.3 s  the lock is free, 2 waiting");
  expect(at(450)).toBe("0.5 s  ben holds the lock, #2, 1 waiting");
});

test("colours are for terminals that want them", () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(wantsColour({}, {})).toBe(false);
});
