import { describe, expect, test } from "vitest";
import { readArguments, usage } from "../../bench/support/arguments.ts";
import { progressLine } from "../../bench/support/progress.ts";
import { drawSection, drawVerdict, isMet, toJson } from "../../bench/support/report.ts";
import type { Report, Section } from "../../bench/support/suite.ts";
import { drawTable, number } from "../../bench/support/table.ts";

const section: Section = {
  title: "3 servers",
  notes: ["Round trips: 1 ms."],
  head: ["acquisition", "median ms"],
  rows: [
    ["raw", "0.100"],
    ["holdfast", "0.119"],
  ],
  targets: [
    { what: "healthy", limit: 1.2, measured: 1.19 },
    { what: "hanging", limit: 1.1, measured: 1.2 },
  ],
  data: { raw: { median: 0.1 } },
};

describe("a section", () => {
  test("is a heading, what one has to know, a table, and each target with its figure", () => {
    expect(drawSection(section)).toBe(
      `## 3 servers

Round trips: 1 ms.

| acquisition | median ms |
| ----------- | --------: |
| raw         |     0.100 |
| holdfast    |     0.119 |

met: healthy: 1.19, wanted at most 1.20
MISSED: hanging: 1.20, wanted at most 1.10`,
    );
  });

  test("that has no figure for a target has not met it", () => {
    expect(isMet({ what: "x", limit: 1, measured: Number.NaN })).toBe(false);
    expect(drawVerdict([section, section])).toBe("2 of 4 targets met");
  });
});

describe("the table", () => {
  test("shows three digits of a figure, and none of one that is missing", () => {
    expect([0.1234, 1.234, 12.34, 123.4, 5000.4, Number.NaN].map(number)).toEqual([
      "0.123",
      "1.23",
      "12.3",
      "123",
      "5000",
      "-",
    ]);
  });

  test("leaves empty what a row lacks", () => {
    expect(drawTable(["a", "b"], [["x"]]).split("\n")[2]).toBe("| x   |     |");
  });
});

test("the JSON file has all of it, and a figure that is none as text", () => {
  const report: Report = {
    suite: "quorum",
    command: "npm run bench -- quorum",
    machine: { cores: "2" },
    noise: [{ median: 1, deviation: 0.1, slowest: 2, load: 0 }],
    sections: [{ ...section, data: { hanging: Number.NaN } }],
  };
  const read = JSON.parse(toJson(report));
  expect(read).toEqual({ ...report, sections: [{ ...section, data: { hanging: "NaN" } }] });
});

describe("the command line", () => {
  test("names one suite, and how much of it", () => {
    expect(readArguments(["quorum", "--scale", "0.1", "--only", "5 servers", "--json", "x.json"], ["quorum"])).toEqual({
      suite: "quorum",
      scale: 0.1,
      only: "5 servers",
      json: "x.json",
      help: false,
    });
    expect(readArguments(["--help"], ["quorum"]).help).toBe(true);
  });

  test.for([
    [[], "which suite?"],
    [["quorums"], 'no suite "quorums"'],
    [["quorum", "quorum"], "one suite at a time"],
    [["quorum", "--scale", "0"], "--scale"],
    [["quorum", "--scale", "much"], "--scale"],
  ] as const)("%j is refused", ([args, message]) => {
    expect(() => readArguments([...args], ["quorum"])).toThrow(message);
  });

  test("the help lists the suites", () => {
    expect(usage([{ name: "quorum", summary: "what a majority costs" }])).toContain(
      "  quorum         what a majority costs",
    );
  });
});

test("progress says how far it is and what is left", () => {
  expect(progressLine("starting Redis", undefined, 2.4, 1)).toBe("2 s  starting Redis");
  expect(progressLine("3 servers", 0.25, 31, 10)).toBe("31 s  3 servers: 25 %, 30 s left of this");
  expect(progressLine("3 servers", 0, 31, 0)).toBe("31 s  3 servers: 0 %");
});
