import { randomBytes } from "node:crypto";
import { type Choice, readArguments, USAGE, UsageError } from "./arguments.ts";
import type { Pace } from "./contender.ts";
import type { DemoEvent } from "./events.ts";
import { judge } from "./history.ts";
import { oneProcess } from "./one-process.ts";
import { painter, wantsColour } from "./paint.ts";
import { processes } from "./processes.ts";
import { showProgress } from "./progress.ts";
import { drawReport, lastLine } from "./report.ts";
import { OWNERS, play } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const NEAR: Pace = { ttl: 600, steps: 5, step: 130 };
/** A renewal needs its round trip over the internet. */
const FAR: Pace = { ttl: 1000, steps: 4, step: 150 };

async function stageFor({ source, name }: Choice): Promise<Stage> {
  if (source.kind === "memory") return oneProcess(NEAR);
  if (process.platform === "win32") throw new Error("Windows cannot stop a process and let it go on: use --memory.");
  return processes(source, `${name}:resource:${randomBytes(4).toString("hex")}`, source.kind === "redis" ? NEAR : FAR);
}

/** @returns the exit code. */
async function run(choice: Choice): Promise<number> {
  const { stdout, env } = process;
  const paint = painter(wantsColour(stdout, env));
  const stage = await stageFor(choice);
  const events: DemoEvent[] = [];
  try {
    console.log(`${OWNERS.length} contenders for one lock, ttl ${stage.pace.ttl} ms\n${stage.description}\n`);
    const hide = stdout.isTTY ? showProgress(stdout, events, paint) : () => {};
    await play(stage, choice.name, events).finally(hide);
  } finally {
    await stage.close();
  }
  const verdict = judge(events);
  const right = verdict.overlaps === 0 && verdict.ordered && verdict.refused > 0;
  console.log(drawReport(events, stage, stdout.isTTY ? Math.min(Math.max(stdout.columns, 60), 120) : 80, paint));
  console.log(paint(right ? "strong" : "bad", lastLine(verdict)));
  return right ? 0 : 1;
}

// So that `exit` handlers run, which end the processes.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));

try {
  const choice = readArguments(process.argv.slice(2), process.env, `demo-${randomBytes(4).toString("hex")}`);
  if (choice) process.exitCode = await run(choice);
  else console.log(USAGE);
} catch (error) {
  const { message } = error as Error;
  console.error(error instanceof UsageError ? `${message}\n\n${USAGE}` : message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
