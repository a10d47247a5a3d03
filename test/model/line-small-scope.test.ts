import { describe, expect, test } from "vitest";
import { exploreLine } from "./small-scope/line-explore.ts";
import { LINE_SCRIPTS, type LineScript } from "./small-scope/line-server.ts";
import type { LineRules } from "./small-scope/line-steps.ts";
import type { LineKind, LineScope } from "./small-scope/line-world.ts";

/** The first holds the lock, and the second stands in line. */
const held = [
  "join of t00 is executed",
  't00 hears "granted" to its join',
  "join of t10 is executed",
  't10 hears "next" to its join',
];
/** The second was handed the lock, whose message is late; a third of its process has asked since. */
const late = [
  ...held,
  "t00 releases",
  "pass of t00 is executed",
  "time passes",
  "join of t20 is executed",
  't20 hears "next" to its join',
  "t20 polls",
  "join of t20 is executed",
  't20 hears "next" to its join',
];
/** The lock is about to expire, and the place of the second is not. */
const overdue = [...held, "time passes", "t10 polls", "join of t10 is executed"];
const together = ["process-a", "process-b", "process-b"];

describe("every interleaving keeps every property, of callers", { timeout: 300_000 }, () => {
  test.each<[string, LineScope]>([
    ["in line", { how: "fair", callers: 2, steps: 5 }],
    [
      "in line, after one was granted and another stands",
      { how: "fair", callers: 2, steps: 6, extends: 1, after: held },
    ],
    ["in line, of one process", { how: "fair", callers: 3, steps: 5, who: together, after: held }],
    [
      "in line, after a message that is late",
      { how: "fair", callers: 3, steps: 6, tries: 2, calm: true, who: together, after: late },
    ],
    ["of one process beside another", { how: "local", callers: 3, steps: 5 }],
    ["of one process beside another, with a second token each", { how: "local", callers: 3, steps: 4, tries: 2 }],
  ])("%s", (_, scope) => {
    const { broken, states } = exploreLine(scope);
    expect(broken).toBeUndefined();
    expect(states).toBeGreaterThan(500);
  });
});

/** The scripts as they would be without one of their rules. */
const without: Record<string, [LineKind, LineScript]> = {
  "the line, when the lock is free": [
    "join",
    (data, keys, args) => {
      if (data.get(keys[0]) === undefined) data.delete(keys[2]);
      return LINE_SCRIPTS.join(data, keys, args);
    },
  ],
  "the record of spent tokens, for who stands in line": [
    "join",
    (data, keys, args) => {
      const was = data.get(keys[1]) ?? "";
      data.set(keys[1], was.replace(/[.](.{23})/g, ""), 3_600_000);
      return LINE_SCRIPTS.join(data, keys, args);
    },
  ],
  "the comparison in a release": [
    "pass",
    (data, keys, args) => {
      data.delete(keys[0]);
      return LINE_SCRIPTS.pass(data, keys, args);
    },
  ],
  "the end of a place": [
    "pass",
    (data, keys, args) => {
      const [line, lock] = [data.get(keys[2]), data.get(keys[0])];
      const answer = LINE_SCRIPTS.pass(data, keys, args);
      if (line !== undefined && data.get(keys[0]) === lock) data.set(keys[2], line, 60_000);
      return answer;
    },
  ],
  "the comparison in a hand-over": [
    "hand",
    (data, keys, args) => {
      data.set(keys[0], args[0] as string, 2500);
      return LINE_SCRIPTS.hand(data, keys, args);
    },
  ],
  "the record of spent tokens, for who is handed a lock": [
    "hand",
    (data, keys, args) => {
      data.set(keys[1], (data.get(keys[1]) ?? "").replace(/[.](.{23})/g, ""), 3_600_000);
      return LINE_SCRIPTS.hand(data, keys, args);
    },
  ],
};

describe("the counterexample is found again without", { timeout: 300_000 }, () => {
  const script = (what: keyof typeof without): Partial<LineRules> => {
    const [kind, run] = without[what] as [LineKind, LineScript];
    return { scripts: { ...LINE_SCRIPTS, [kind]: run } };
  };
  const two: LineScope = { how: "fair", callers: 2, steps: 6 };
  const local: LineScope = { how: "local", callers: 3, steps: 5 };
  const calm: LineScope = { how: "fair", callers: 3, steps: 7, tries: 2, calm: true, who: together, after: late };
  test.each<[string, LineScope, Partial<LineRules>, string]>([
    ["the answers that are older than a grant", calm, { olderAnswers: false }, "two callers believe"],
    ["the moment of the answer that dates a grant", calm, { fromAnswer: false }, "two callers believe"],
    [
      "the line",
      { ...two, callers: 3, steps: 4, after: overdue },
      script("the line, when the lock is free"),
      "who came first",
    ],
    ["the record, in line", two, script("the record of spent tokens, for who stands in line"), "given back"],
    ["the comparison in a release", two, script("the comparison in a release"), "changed the key of another"],
    ["the end of a place", two, script("the end of a place"), "who left stands in line"],
    [
      "the comparison in a hand-over",
      local,
      script("the comparison in a hand-over"),
      "two callers believe|the key of another|given back",
    ],
    ["the record, in a hand-over", local, script("the record of spent tokens, for who is handed a lock"), "given back"],
  ])("%s", (_, scope, rules, property) => {
    const { broken } = exploreLine(scope, rules);
    expect(broken?.property).toMatch(new RegExp(property));
    expect(broken?.history.length).toBeLessThanOrEqual(scope.steps);
  });
});
