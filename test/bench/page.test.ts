import { describe, expect, test } from "vitest";
import { SUITES } from "../../bench/suites.ts";
import { drawChart } from "../../bench/support/chart.ts";
import { marks, SUMMARY, withBlock, withReport } from "../../bench/support/page.ts";
import type { Report } from "../../bench/support/suite.ts";
import { read } from "../docs/markdown.ts";

const page = read("docs/bench.md");
const names = SUITES.map(({ name }) => name);

const reportOf = (suites: readonly string[]): Report => ({
  command: "npm run bench",
  machine: { cores: "2" },
  noise: [],
  suites: suites.map((suite) => ({
    suite,
    sections: [{ title: `part of ${suite}`, notes: [], head: ["a", "b"], rows: [["c", "1"]], targets: [], data: {} }],
  })),
});

describe("the page with the figures", () => {
  test.for([...names, SUMMARY])("has a place for %s", (name) => {
    const [begin, end] = marks(name);
    expect(page.split(begin)).toHaveLength(2);
    expect(page.split(begin)[1]).toContain(end);
  });

  test("keeps what was written by hand", () => {
    const around = (text: string) => {
      const blocks = [...names, SUMMARY].map((name) => marks(name));
      return blocks.reduce((rest, [begin, end]) => rest.split(begin)[0] + (rest.split(end)[1] ?? ""), text);
    };
    const written = withReport(page, reportOf(names), names);
    expect(around(written)).toBe(around(page));
    for (const name of names) expect(written).toContain(`### part of ${name}\n`);
    expect(withReport(written, reportOf(names), names)).toBe(written);
  });

  test("of a part of the suites leaves the others, and the table of all targets", () => {
    const written = withReport(page, reportOf(["names"]), names);
    expect(written).toContain("### part of names\n");
    expect(written).toBe(
      withBlock(page, "names", written.split(marks("names")[0])[1]!.split(marks("names")[1])[0]!.trim()),
    );
  });

  test("is refused where there is no place", () => {
    expect(() => withBlock("nothing", "names", "x")).toThrow("no place for the figures");
  });

  test("says of every suite what it is in the list", () => {
    for (const { name } of SUITES) expect(page).toContain(`| \`${name}\` |`);
  });
});

describe("the chart", () => {
  const svg = drawChart({
    title: "a < b",
    names: ["ours", "theirs", "absent"],
    ours: ["ours"],
    panels: [
      {
        title: "ms",
        values: new Map([
          ["ours", 1],
          ["theirs", 2],
        ]),
        format: (value) => `${value} ms`,
      },
    ],
  });
  const bars = [...svg.matchAll(/<rect class="(bar[^"]*)"[^>]* width="(\d+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);

  test("has a bar for each figure, in proportion, ours in another colour", () => {
    expect(bars.map(([kind]) => kind)).toEqual(["bar ours", "bar"]);
    expect(bars[1]![1]).toBe(2 * (bars[0]![1] as number));
    expect(svg).toContain(">2 ms</text>");
  });

  test("can be read on a light page and on a dark one, because it brings its background", () => {
    expect(svg).toContain('<rect class="page"');
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).toContain("a &lt; b");
  });

  test("is in the page", () => {
    expect(page).toContain("](bench.svg)");
    expect(read("docs/bench.svg")).toContain("total time / sum of holds");
  });
});
