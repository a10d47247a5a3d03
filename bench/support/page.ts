import { drawMachine, drawNoise, drawTarget, drawTargets, drawVerdict } from "./report.ts";
import type { Report, Shown } from "./suite.ts";
import { drawTable } from "./table.ts";

/** Of all targets, where all suites were run. */
export const SUMMARY = "targets";

/** Between these two a page is written by this command, and nothing else of it. */
export function marks(name: string): [begin: string, end: string] {
  return [`<!-- ${name}: written by \`npm run bench -- --write\` -->`, `<!-- /${name} -->`];
}

/** @throws if the page has no place for it. */
export function withBlock(page: string, name: string, body: string): string {
  const [begin, end] = marks(name);
  const [before, rest] = page.split(begin) as [string, string?];
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`the page has no place for the figures: ${begin} and ${end}`);
  return `${before}${begin}\n\n${body}\n\n${end}${after}`;
}

function conditions({ command, machine, noise }: Report): string {
  return `\`${command}\` on: ${drawMachine(machine)}.\n\n\`\`\`\n${drawNoise(noise)}\n\`\`\``;
}

export function drawBlock({ sections }: Shown, report: Report): string {
  const parts = sections.flatMap(({ title, notes, head, rows, targets }) => [
    `### ${title}`,
    notes.join("\n"),
    drawTable(head, rows),
    targets.map((target) => `- ${drawTarget(target)}`).join("\n"),
  ]);
  return [...parts, conditions(report)].filter(Boolean).join("\n\n");
}

/** The page with the suites of a report, and the table of all targets if the report has every suite. */
export function withReport(page: string, report: Report, suites: readonly string[]): string {
  const blocks = report.suites.map((shown) => [shown.suite, drawBlock(shown, report)] as const);
  const complete = suites.every((name) => report.suites.some(({ suite }) => suite === name));
  const summary = `${drawTargets(report.suites)}\n\n${drawVerdict(report.suites)}. ${conditions(report)}`;
  return [...blocks, ...(complete ? [[SUMMARY, summary] as const] : [])].reduce(
    (text, [name, body]) => withBlock(text, name, body),
    page,
  );
}
