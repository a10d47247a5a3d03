import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./copy.ts";

/** One test that was run, and how it ended. */
export interface Ran {
  file: string;
  /** With " > " between the groups and the name. */
  name: string;
  passed: boolean;
  /** The first line of what it said. */
  why: string;
}

export interface Outcome {
  tests: Ran[];
  /** What vitest printed, when it wrote no report. */
  output: string;
  seconds: number;
}

interface Report {
  testResults: {
    name: string;
    assertionResults: { ancestorTitles: string[]; title: string; status: string; failureMessages?: string[] }[];
  }[];
}

/** Where vitest is asked to write, and for how long it may run. */
const REPORT = "report.json";
const LONGEST = 120_000;

const running = new Set<() => void>();

/** Ends what is running. */
export function stopAll(): void {
  for (const stop of running) stop();
}

/** Runs the tests of these names, or all, in these files of a copy. */
export async function runTests(
  dir: string,
  files: string[],
  names: string[] | undefined,
  env: Record<string, string>,
): Promise<Outcome> {
  const began = performance.now();
  const report = join(dir, REPORT);
  rmSync(report, { force: true });
  const chosen = names && ["-t", `^(${names.map(asPattern).join("|")})$`];
  const args = ["run", "--config", "mutants.config.ts", "--reporter=json", `--outputFile=${REPORT}`];
  const output = await node(
    dir,
    [join(ROOT, "node_modules/vitest/vitest.mjs"), ...args, ...files, ...(chosen ?? [])],
    env,
  );
  const tests = existsSync(report) ? read(JSON.parse(readFileSync(report, "utf8")), dir) : [];
  return { tests, output, seconds: (performance.now() - began) / 1000 };
}

function asPattern(name: string): string {
  // Versions of vitest differ in what stands between a group and a test.
  return name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll(" > ", "( > | )");
}

function read({ testResults }: Report, dir: string): Ran[] {
  return testResults.flatMap(({ name: path, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "passed" || status === "failed")
      .map(({ ancestorTitles, title, status, failureMessages = [] }) => ({
        file: path.slice(dir.length + 1),
        name: [...ancestorTitles, title].join(" > "),
        passed: status === "passed",
        why: (failureMessages[0] ?? "").split("\n")[0] as string,
      })),
  );
}

function node(cwd: string, args: string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    // A group of its own: what vitest started ends with it.
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, detached: true });
    const stop = () => child.pid && process.kill(-child.pid, "SIGKILL");
    const timer = setTimeout(stop, LONGEST);
    running.add(stop);
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("close", () => {
      clearTimeout(timer);
      running.delete(stop);
      resolve(output);
    });
  });
}
