// `npm test`: every check and every suite, one after another where they would disturb each other, all of them even when
// one fails. The last line is the count. Arguments are handed to vitest: `npm test -- -t "name of a test"`.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url);
const vitestArgs = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "holdfast-test-"));
const vitestReport = join(scratch, "vitest.json");
const simulationReport = join(scratch, "simulation.json");
const quorumReport = join(scratch, "simulation-quorum.json");
const runtimesReport = join(scratch, "runtimes.json");
// Hundreds of processes run the same sources: the first one compiles them.
const env = { ...process.env, NODE_COMPILE_CACHE: join(scratch, "compiled") };

// A step runs a file with Node. `needs` names the step whose result it works on. A step with `count` is a suite: it has
// the machine to itself, prints as it goes, and `count` turns its exit into { passed, failed, notes }; one without it
// counts one. One line more is one step more.
const steps = [
  { name: "lint", run: ["@biomejs/biome/bin/biome", "check", "--error-on-warnings", "--max-diagnostics=none", "."] },
  { name: "build", run: ["tsup/dist/cli-default.js", "--silent"] },
  { name: "API reference", run: ["./scripts/api-reference.ts", "--check"] },
  { name: "types, TypeScript 6", run: ["typescript/bin/tsc", "--noEmit"] },
  // Its threads check some of the same again, each for itself: on two cores that takes longer.
  { name: "types, TypeScript 7", run: ["typescript7/bin/tsc", "--noEmit", "--singleThreaded"] },
  { name: "package, publint", run: ["publint/src/cli.js", "--strict"], needs: "build" },
  { name: "package, attw", run: ["@arethetypeswrong/cli/dist/index.js", ...attwArgs()], needs: "build" },
  { name: "size", run: ["./scripts/size.mjs"], needs: "build", show: true },
  {
    name: "simulation",
    run: ["./test/simulation/main.ts", ...simulationRun()],
    count: countSimulation(simulationReport),
  },
  {
    name: "simulation, quorum",
    run: ["./test/simulation/main.ts", ...quorumRun()],
    count: countSimulation(quorumReport),
  },
  { name: "vitest", run: ["vitest/vitest.mjs", ...vitestRun()], count: countVitest, minutes: 45 },
  { name: "runtimes", run: ["./test/runtimes/run.ts", `--json=${runtimesReport}`], count: countRuntimes },
];

function attwArgs() {
  return ["--pack", ".", "--profile", "node16", "--no-emoji", "--no-definitely-typed"];
}

function vitestRun() {
  return ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${vitestReport}`, ...vitestArgs];
}

function simulationRun() {
  return ["--seeds", "4000", "--quiet", "--report", simulationReport];
}

function quorumRun() {
  return ["--stores", "3,3,3,5", "--from", "40000", "--seeds", "2000", "--quiet", "--report", quorumReport];
}

function countSimulation(report) {
  return (exit) => {
    if (existsSync(report)) return JSON.parse(readFileSync(report, "utf8"));
    return { passed: 0, failed: 1, notes: [`the simulation wrote no report: ${exit.reason}`] };
  };
}

function countVitest(exit) {
  const report = existsSync(vitestReport) ? JSON.parse(readFileSync(vitestReport, "utf8")) : undefined;
  if (report === undefined) return { passed: 0, failed: 1, notes: [`vitest wrote no report: ${exit.reason}`] };
  const passed = report.numPassedTests;
  const notes = [];
  let failed = report.numFailedTests;

  // A file that fails without a failing test could not be collected, or a hook of it threw.
  for (const file of report.testResults) {
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
      failed += 1;
      notes.push(`failed outside its tests: ${file.name}`);
    }
  }

  const unfinished = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status !== "passed" && test.status !== "failed")
      .map((test) => `${test.status}, which counts as failed: ${test.fullName} (${file.name})`),
  );
  if (narrowed()) {
    if (unfinished.length > 0) notes.push(`tests left out by the arguments: ${unfinished.length}`);
  } else {
    failed += unfinished.length;
    notes.push(...unfinished);
  }

  if (passed + failed === 0) {
    failed = 1;
    notes.push("no test was run");
  } else if (failed === 0 && !exit.ok) {
    failed = 1;
    notes.push(`vitest failed outside the tests (an unhandled error, a threshold): ${exit.reason}`);
  }
  return { passed, failed, notes };
}

function countRuntimes(exit) {
  if (existsSync(runtimesReport)) return JSON.parse(readFileSync(runtimesReport, "utf8"));
  return { passed: 0, failed: 1, notes: [`the matrix of runtimes wrote no report: ${exit.reason}`] };
}

/** Whether the arguments leave tests out of a file that is run; vitest reports those as skipped. */
function narrowed() {
  return vitestArgs.some((arg) => /^(-t|--testNamePattern|--test-name-pattern|--tags)|:\d+$/.test(arg));
}

function execute({ run: [file, ...args], count, minutes = 10 }) {
  const path = file.startsWith("./") ? file : join("node_modules", file);
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path, ...args], {
      cwd: root,
      env,
      stdio: ["ignore", count ? "inherit" : "pipe", count ? "inherit" : "pipe"],
      timeout: minutes * 60_000,
    });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout?.setEncoding("utf8").on("data", collect);
    child.stderr?.setEncoding("utf8").on("data", collect);
    child.on("error", (error) => {
      output += error.message;
    });
    child.on("close", (code, signal) => {
      const seconds = (performance.now() - started) / 1000;
      const late = seconds >= minutes * 60;
      const reason = late ? `stopped after ${minutes} minutes` : signal ? `ended by ${signal}` : `exit code ${code}`;
      resolve({ ok: code === 0, reason, output, seconds });
    });
  });
}

function print({ name, show }, { ok, reason, output, seconds }) {
  const time = seconds === undefined ? "" : `${seconds.toFixed(1)} s`;
  console.log(`${ok ? "ok  " : "FAIL"} ${name.padEnd(24)} ${time.padStart(8)}${ok ? "" : `  ${reason}`}`);
  if (output && (show || !ok)) console.log(output.trimEnd());
}

const total = { passed: 0, failed: 0 };
const exits = new Map();

function settle(step, exit) {
  exits.set(step.name, exit);
  const { passed, failed, notes = [] } = step.count?.(exit) ?? { passed: Number(exit.ok), failed: Number(!exit.ok) };
  total.passed += passed;
  total.failed += failed;
  const reason = step.count ? `${failed} failed` : exit.reason;
  print(step, { ...exit, ok: failed === 0, reason });
  for (const note of notes) console.log(`     ${note}`);
}

/** Two at a time, in the order of the list, each as soon as what it needs is there. */
async function runChecks(checks) {
  const waiting = [...checks];
  const running = new Set();
  while (waiting.length + running.size > 0) {
    const next = running.size < 2 ? waiting.findIndex((step) => !step.needs || exits.has(step.needs)) : -1;
    if (next >= 0) {
      const [step] = waiting.splice(next, 1);
      const task = runCheck(step).finally(() => running.delete(task));
      running.add(task);
    } else if (running.size > 0) {
      await Promise.race(running);
    } else {
      throw new Error(`no step is called ${waiting[0].needs}`);
    }
  }
}

async function runCheck(step) {
  const need = exits.get(step.needs);
  const blocked = need !== undefined && !need.ok;
  settle(step, blocked ? { ok: false, reason: `needs ${step.needs}, which failed` } : await execute(step));
}

if (process.versions.node.split(".")[0] < 24) {
  console.error(`This needs Node 24, which \`npm test\` installs and puts first on PATH; this is ${process.version}.`);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
} else {
  await runChecks(steps.filter((step) => !step.count));
  for (const suite of steps.filter((step) => step.count)) settle(suite, await execute(suite));
  rmSync(scratch, { recursive: true });
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}
