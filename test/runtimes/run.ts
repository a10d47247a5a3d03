// The matrix: one suite over the built package in every runtime of list.ts, two at a time, a line for each.
// `--write` writes the README's table of runtimes instead; other arguments name the runtimes to run.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileProject } from "./compile.ts";
import { launch } from "./launch.ts";
import { nameOf, RUNTIMES, type Runtime } from "./list.ts";
import type { Group } from "./suite/place.ts";
import { tableIsCurrent, writeTable } from "./table.ts";
import { groupsOf, judge, type Verdict } from "./verdict.ts";

const { values, positionals } = parseArgs({
  options: { write: { type: "boolean" }, json: { type: "string" } },
  allowPositionals: true,
});

// The runtimes are in process groups of their own, and are ended by the exit.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const total = { passed: 0, failed: 0 };
const first = new Map<Group, string>();

function print(runtime: Runtime, { version, passed, failed, groups, failures }: Verdict, seconds: number): void {
  const name = `${nameOf(runtime, version || undefined)}, ${runtime.package}`;
  const counts = groupsOf(runtime)
    .map((group) => `${group} ${groups.get(group) ?? 0}`)
    .join(", ");
  console.log(
    `${failed ? "FAIL" : "ok  "} ${name.padEnd(62)} ${passed} passed, ${failed} failed  ${seconds.toFixed(0).padStart(3)} s  ${counts}`,
  );
  for (const failure of failures.slice(0, 20)) console.log(failure.replace(/^/gm, "     "));
  if (failures.length > 20) console.log(`     and ${failures.length - 20} more`);
  total.passed += passed;
  total.failed += failed;
}

async function runOne(runtime: Runtime, project: string): Promise<void> {
  const started = performance.now();
  const verdict = await launch(runtime, project).then(
    (report) => judge(runtime, report, first),
    (error: Error): Verdict => ({ version: "", passed: 0, failed: 1, groups: new Map(), failures: [error.message] }),
  );
  print(runtime, verdict, (performance.now() - started) / 1000);
}

async function runAll(runtimes: Runtime[]): Promise<void> {
  // Deno looks up what it may read by real paths.
  const project = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-matrix-")));
  try {
    await compileProject(project);
    const queue = [...runtimes];
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await runOne(next, project);
    };
    // Most of their tests wait.
    await Promise.all([worker(), worker()]);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

if (values.write) {
  writeTable();
} else {
  const chosen = RUNTIMES.filter(
    (runtime) =>
      positionals.length === 0 ||
      positionals.some((one) => `${nameOf(runtime)}, ${runtime.package}`.toLowerCase().startsWith(one.toLowerCase())),
  );
  await runAll(chosen);
  const current = tableIsCurrent();
  total[current ? "passed" : "failed"]++;
  if (!current)
    console.log("FAIL README.md: its table of runtimes is not that of this list: node test/runtimes/run.ts --write");
  if (chosen.length === 0) total.failed++;
  console.log(`runtimes: ${total.passed} passed, ${total.failed} failed`);
  if (values.json) writeFileSync(values.json, JSON.stringify(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}
