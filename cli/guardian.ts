// A second process, started by `run`. It ends the command in time when `run` cannot: because it was killed, stopped, or
// hangs. It knows the deadline of the lock, and that `run` is there, by a pipe.
import { createInterface } from "node:readline";
import { type Deadline, endGroup, patience, until } from "./ending.ts";
import type { Membership } from "./group.ts";
import { groupOf } from "./group.ts";

/** What `run` tells, one object a line. */
export interface Told {
  /** What is guarded, once. */
  command?: Membership & { grace: number; margin: number };
  /** The lock's deadline, again after each renewal. */
  deadline?: Deadline;
  /** `run` is ending the command itself. */
  ending?: true;
  /** The command has ended. */
  over?: true;
}

/** The clocks are looked at this often, in milliseconds: while the machine sleeps timers do not run. */
const LOOK = 500;

// It is not the one to be told to end.
for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const) process.on(signal, () => {});

let { command, deadline, ending, over }: Told = {};
let timer: NodeJS.Timeout | undefined;
let done = false;

async function end(): Promise<void> {
  if (done || !command || !deadline) return;
  done = true;
  clearTimeout(timer);
  const { grace, margin } = command;
  await endGroup(groupOf(command), grace, () => (deadline ? until(deadline) - margin : 0));
  process.exit();
}

function watch(): void {
  clearTimeout(timer);
  if (done || over || !command || !deadline) return;
  const rest = patience(until(deadline) - command.margin, command.grace, ending === true);
  if (rest <= 0) void end();
  else timer = setTimeout(watch, Math.min(rest, LOOK));
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const told = JSON.parse(line) as Told;
  command ??= told.command;
  deadline = told.deadline ?? deadline;
  ending ??= told.ending;
  over ??= told.over;
  if (over && !done) process.exit();
  watch();
});
lines.on("close", () => {
  if (command) void end();
  else process.exit();
});
