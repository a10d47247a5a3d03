import { describe, expect, test } from "vitest";
import { readArguments, usage } from "../../bench/support/arguments.ts";
import { progressLine } from "../../bench/support/progress.ts";
import { drawSection, drawTargets, drawVerdict, fromJson, isMet, toJson } from "../../bench/support/report.ts";
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

  test("that has no figure for a target has not met it, and says so", () => {
    const open = { what: "fair", limit: 1, measured: Number.NaN };
    expect(isMet(open)).toBe(false);
    const suites = [{ suite: "quorum", sections: [section, { ...section, title: "5 servers", targets: [open] }] }];
    expect(drawVerdict(suites)).toBe("1 of 3 targets met, 1 not measured");
    expect(drawTargets(suites)).toBe(
      `| target                     | at most | measured |      verdict |
| -------------------------- | ------: | -------: | -----------: |
| quorum, 3 servers: healthy |    1.20 |     1.19 |          met |
| quorum, 3 servers: hanging |    1.10 |     1.20 |       MISSED |
| quorum, 5 servers: fair    |    1.00 |        - | not measured |`,
    );
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
    command: "npm run bench -- quorum",
    machine: { cores: "2" },
    noise: [{ median: 1, deviation: 0.1, slowest: 2, load: 0 }],
    suites: [{ suite: "quorum", sections: [{ ...section, data: { hanging: Number.NaN } }] }],
  };
  expect(JSON.parse(toJson(report)).suites[0].sections[0].data).toEqual({ hanging: "NaN" });
  expect(fromJson(toJson(report))).toEqual(report);
});

describe("the command line", () => {
  const suites = ["uncontended", "quorum"];
  const nothing = { only: "", quick: false, json: undefined, from: undefined, write: false, chart: false, help: false };

  test("names suites, and how much of them", () => {
    expect(readArguments(["quorum", "--scale", "0.1", "--only", "5 servers", "--json", "x.json"], suites)).toEqual({
      ...nothing,
      suites: ["quorum"],
      scale: 0.1,
      only: "5 servers",
      json: "x.json",
    });
    expect(readArguments(["--help"], suites).help).toBe(true);
  });

  test("without a name means all of them", () => {
    expect(readArguments(["--write", "--chart"], suites)).toEqual({
      ...nothing,
      suites: [],
      scale: 1,
      write: true,
      chart: true,
    });
  });

  test.for([
    [["quorums"], 'no suite "quorums"'],
    [["quorum", "--scale", "0"], "--scale"],
    [["quorum", "--scale", "much"], "--scale"],
    [["--quick", "--write"], "no figures to publish"],
    [["--quick", "--chart"], "no figures to publish"],
  ] as const)("%j is refused", ([args, message]) => {
    expect(() => readArguments([...args], suites)).toThrow(message);
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
