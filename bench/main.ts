// `npm run bench -- <suite>`: builds what is missing, measures, prints tables, and writes a JSON file when asked to.
import { writeFileSync } from "node:fs";
import { quorumSuite } from "./quorum/suite.ts";
import { type Choice, readArguments, usage } from "./support/arguments.ts";
import { build } from "./support/built.ts";
import { describeMachine } from "./support/machine.ts";
import { measureNoise } from "./support/noise.ts";
import { showProgress } from "./support/progress.ts";
import { drawMachine, drawNoise, drawSection, drawVerdict, toJson } from "./support/report.ts";
import type { Report, Suite } from "./support/suite.ts";

const SUITES: readonly Suite[] = [quorumSuite];

async function measure(suite: Suite, { scale, only, json }: Choice): Promise<void> {
  build();
  const machine = describeMachine(suite.packages);
  const report: Report = {
    suite: suite.name,
    command: ["npm run bench --", ...process.argv.slice(2).map(quoted)].join(" "),
    machine,
    noise: [measureNoise()],
    sections: [],
  };
  console.log(`${drawMachine(machine)}\n`);
  const line = showProgress(process.stderr);
  try {
    for await (const section of suite.run({ scale, only, progress: line.update })) {
      line.end();
      report.sections.push(section);
      console.log(`${drawSection(section)}\n`);
    }
  } finally {
    line.end();
  }
  report.noise.push(measureNoise());
  console.log(`${drawNoise(report.noise)}\n${drawVerdict(report.sections)}`);
  if (json) writeFileSync(json, toJson(report));
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
    return readArguments(
      process.argv.slice(2),
      SUITES.map(({ name }) => name),
    );
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage(SUITES)}`);
    process.exitCode = 2;
    return undefined;
  }
}

const choice = choose();
const suite = SUITES.find(({ name }) => name === choice?.suite);
if (choice?.help) console.log(usage(SUITES));
else if (choice && suite) await measure(suite, choice);
