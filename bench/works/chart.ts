import { OURS } from "../contenders/holdfast.ts";
import { type Chart, drawChart } from "../support/chart.ts";
import type { Summary } from "../support/statistics.ts";
import type { Report } from "../support/suite.ts";
import { number } from "../support/table.ts";

type Row = { name: string; absent?: string } & Record<"stretch" | "longest" | "requests", Summary>;

/** How four processes get through. @throws if the report does not have it. */
export function chartOf({ suites }: Report): string {
  const shown = suites.find(({ suite }) => suite === "processes")?.sections[0];
  if (!shown) throw new Error('the chart is of the suite "processes", which was not run');
  const rows = (shown.data as Row[]).filter(({ absent }) => !absent);
  const values = (measure: "stretch" | "longest" | "requests") =>
    new Map(rows.map((row) => [row.name, row[measure].median]));
  const chart: Chart = {
    title: `${shown.title}, one lock kept for 5 ms: less is better`,
    names: rows.map(({ name }) => name),
    ours: OURS.map(({ name }) => name),
    panels: [
      { title: "total time / sum of holds", values: values("stretch"), format: (value) => value.toFixed(2) },
      { title: "longest wait", values: values("longest"), format: (value) => `${number(value)} ms` },
      { title: "requests an acquisition", values: values("requests"), format: number },
    ],
  };
  return drawChart(chart);
}
