// `npm run bench`: builds what is missing, measures, prints tables, and writes what it is asked to.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SUITES, WORKS } from "./suites.ts";
import { type Choice, readArguments, usage } from "./support/arguments.ts";
import { build, ROOT } from "./support/built.ts";
import { describeMachine } from "./support/machine.ts";
import { measureNoise } from "./support/noise.ts";
import { withReport } from "./support/page.ts";
import { showProgress } from "./support/progress.ts";
import { drawMachine, drawNoise, drawSection, drawTargets, drawVerdict, fromJson, toJson } from "./support/report.ts";
import type { Report, Suite } from "./support/suite.ts";
import { chartOf } from "./works/chart.ts";

const NAMES = SUITES.map(({ name }) => name);

function suitesOf({ suites, quick }: Choice): readonly Suite[] {
  if (suites.length) return SUITES.filter(({ name }) => suites.includes(name));
  // The servers of a quorum have to be older than a ttl before they grant.
  return quick ? WORKS : SUITES;
}

async function measure(choice: Choice): Promise<Report> {
  build();
  const suites = suitesOf(choice);
  const report: Report = {
    command: ["npm run bench", ...process.argv.slice(2).map(quoted)].join(" ").replace("bench ", "bench -- "),
    machine: describeMachine([...new Set(suites.flatMap(({ packages }) => packages))]),
    noise: [measureNoise()],
    suites: [],
  };
  console.log(`${drawMachine(report.machine)}\n`);
  for (const suite of suites) await show(suite, choice, report);
  report.noise.push(measureNoise());
  return report;
}

/** A suite that fails takes nothing from the others. */
async function show(suite: Suite, { scale, only, quick }: Choice, report: Report): Promise<void> {
  const line = showProgress(process.stderr);
  const shown = { suite: suite.name, sections: [] as Report["suites"][number]["sections"] };
  report.suites.push(shown);
  try {
    const progress = (doing: string, share?: number) => line.update(`${suite.name}: ${doing}`, share);
    for await (const section of suite.run({ scale, only, quick, peers: true, progress })) {
      line.end();
      shown.sections.push(section);
      console.log(`${drawSection(section)}\n`);
    }
  } catch (error) {
    line.end();
    console.error(`${suite.name} failed: ${(error as Error).stack}`);
    process.exitCode = 1;
  } finally {
    line.end();
  }
}

function publish(report: Report, { json, write, chart }: Choice): void {
  console.log(`${drawTargets(report.suites)}\n\n${drawNoise(report.noise)}\n${drawVerdict(report.suites)}`);
  if (json) writeFileSync(json, toJson(report));
  const page = join(ROOT, "docs/bench.md");
  if (write) writeFileSync(page, withReport(readFileSync(page, "utf8"), report, NAMES));
  if (chart) writeFileSync(join(ROOT, "docs/bench.svg"), chartOf(report));
}

function quoted(argument: string): string {
  return /^[\w./-]+$/.test(argument) ? argument : JSON.stringify(argument);
}

// So that `exit` handlers run, which end the processes.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));

function choose(): Choice | undefined {
  try {
    return readArguments(process.argv.slice(2), NAMES);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage(SUITES)}`);
    process.exitCode = 2;
    return undefined;
  }
}

const choice = choose();
if (choice?.help) console.log(usage(SUITES));
else if (choice) {
  const { from } = choice;
  publish(from ? fromJson(readFileSync(from, "utf8")) : await measure(choice), choice);
}
