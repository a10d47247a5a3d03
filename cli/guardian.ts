// A second process, started by `run`. It ends the command in time when `run` cannot: because it was killed, stopped, or
// hangs. It knows the deadline of the lock, and that `run` is there, by a pipe.
import { createInterface } from "node:readline";
import { type Deadline, endGroup, patience, until } from "./ending.ts";
import type { Membership } from "./group.ts";
import { groupOf } from "./group.ts";
import { processes, startedWith } from "./processes.ts";

/** What is to be ended. */
export interface Guarded extends Omit<Membership, "pid"> {
  pid?: number;
  grace: number;
  margin: number;
}

/** What `run` tells, one object a line. */
export interface Told {
  /** What is guarded: before it is started, and again with its process id. */
  command?: Guarded;
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

/** Its process id, also of one that `run` had no time to tell of: it is the oldest of those that have the mark. */
function pidOf({ pid, leads, mark }: Guarded): number | undefined {
  if (pid) return pid;
  return processes().find((one) => (!leads || one.group === one.pid) && startedWith(one.pid, mark))?.pid;
}

async function end(): Promise<void> {
  if (done || !command || !deadline) return;
  const pid = pidOf(command);
  if (pid === undefined) return;
  done = true;
  clearTimeout(timer);
  const { grace, margin } = command;
  await endGroup(groupOf({ ...command, pid }), grace, () => (deadline ? until(deadline) - margin : 0));
  process.exit();
}

function watch(): void {
  clearTimeout(timer);
  if (done || over || !command || !deadline) return;
  const rest = patience(until(deadline) - command.margin, command.grace, ending === true);
  if (rest <= 0) void end();
  // Also after that, as long as nothing is there to be ended: `run` may have been stopped before it started it.
  if (!done) timer = setTimeout(watch, Math.max(1, Math.min(rest > 0 ? rest : LOOK, LOOK)));
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const told = JSON.parse(line) as Told;
  command = told.command ?? command;
  deadline = told.deadline ?? deadline;
  ending ??= told.ending;
  over ??= told.over;
  if (over && !done) process.exit();
  watch();
});
lines.on("close", () => {
  void end();
  if (!done) process.exit();
});
