import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { processes } from "../../cli/processes.ts";
import { BUN } from "../support/bun.ts";
import { until } from "../support/redis-process.ts";
import { listener } from "./listener.ts";
import {
  COMMAND,
  expectFree,
  fresh,
  freshFile,
  HERE,
  launch,
  linesOf,
  PREFIX,
  type Running,
  runs,
  shared,
  start,
  untilGone,
} from "./support.ts";

const HOST = fileURLToPath(new URL("terminal/host.ts", import.meta.url));
const CLEAR = "\u001b[H\u001b[2J\u001b[3J";
const CTRL_C = "\u0003";

/** Starts words on a terminal of their own. */
function onTerminal(...words: string[]): Running {
  return launch([BUN, "run", HOST, ...words]);
}

function type({ child }: Running, keys: string): void {
  child.stdin?.write(keys);
}

test.concurrent("the command has the terminal and its caller's group, and hears what is typed once", async () => {
  const name = fresh();
  const file = freshFile();
  const shell = 'test -t 0 && test -t 1 && test -t 2 && echo a-terminal; exec "$@"';
  const words = ["run", name, ...HERE, "--", "sh", "-c", shell, "sh", ...listener(file)];
  const running = onTerminal(process.execPath, COMMAND, ...words);
  await running.says(";");
  expect(running.out()).toContain("a-terminal");
  const [command, holdfast] = [...(/listening (\d+) of (\d+);/.exec(running.out()) ?? [])].slice(1).map(Number);
  const of = (pid: number | undefined) => processes().find((one) => one.pid === pid);
  expect(of(command)).toMatchObject({ group: of(holdfast)?.group, session: of(holdfast)?.session });

  const expected: string[] = [];
  async function hears(...signals: string[]): Promise<void> {
    // What is passed on comes after whatever holdfast has heard before it.
    process.kill(holdfast as number, "SIGUSR1");
    expected.push(...signals, "USR1");
    await until(async () => linesOf(file).length >= expected.length, `${signals} did not arrive`);
    expect(linesOf(file)).toEqual(expected);
  }
  for (const [key, signal] of [
    [CTRL_C, "INT"],
    ["\u001c", "QUIT"],
    [CTRL_C, "INT"],
  ] as const) {
    type(running, key);
    await until(async () => linesOf(file).length > expected.length, `${signal} did not arrive`);
    await hears(signal);
  }
  // As if it was typed, which the command would have heard by itself.
  process.kill(holdfast as number, "SIGINT");
  await hears();
  process.kill(holdfast as number, "SIGTERM");
  expect((await running.finished).code).toBe(9);
  await expectFree(name);
});

test.concurrent("who stops a job on a terminal for longer than the ttl finds it ended", async () => {
  const name = fresh();
  const file = freshFile();
  const job = `echo $$ >> ${file}; echo up; while :; do sleep 0.05; done`;
  const line = 'set -m; "$@"; echo "stopped with $?"; read -r _; fg; echo "ended with $?"';
  const run = [process.execPath, COMMAND, "run", name, ...HERE, "--ttl", "2s", "--", "sh", "-c", job];
  const running = onTerminal("bash", "-c", line, "bash", ...run);
  await running.says("up");
  type(running, "\u001a");
  await running.says("stopped with 148");
  await untilGone(linesOf(file).map(Number));
  type(running, "\n");
  await running.says("ended with 114");
  await running.finished;
  expect(linesOf(file).map(Number).some(runs)).toBe(false);
});

test.concurrent("status --watch draws its table anew, until Ctrl-C is typed", async () => {
  const prefix = `${PREFIX}${fresh("apart")}:`;
  const words = ["status", "--watch", "100ms", "--redis", HERE[1] as string, "--prefix", prefix];
  const running = onTerminal(process.execPath, COMMAND, ...words);
  const screen = () => running.out().split(CLEAR).at(-1) ?? "";
  const shows = (text: RegExp) => until(async () => text.test(screen()), `the screen did not show ${text}`);
  await shows(/^No lock is held/);
  await shared().send("SET", `${prefix}new`, "x", "PX", "60000");
  await shows(/^NAME +STATE +OWNER +FENCE +LEFT\r\nnew +held +- +- +\d+\.\d s\r\n$/);
  await shared().send("DEL", `${prefix}new`);
  await shows(/^No lock is held[^\n]*\n$/);
  type(running, CTRL_C);
  expect((await running.finished).code).toBe(0);
  // Nothing but whole pictures, each on a screen that was cleared.
  const [before, ...pictures] = running.out().replace("^C", "").split(CLEAR);
  expect(before).toBe("");
  for (const picture of pictures) expect(picture).toMatch(/^(No lock[^\n]*|NAME[^\n]*\nnew[^\n]*)\n$/);
});

test.concurrent("status --watch --json clears no screen, and without a terminal nothing is cleared either", async () => {
  const prefix = `${PREFIX}${fresh("apart")}:`;
  const words = ["status", "--watch", "100ms", "--redis", HERE[1] as string, "--prefix", prefix];
  const programs = onTerminal(process.execPath, COMMAND, ...words, "--json");
  const piped = start(words);
  await until(async () => programs.out().split("\n").length > 3 && piped.out().split("\n").length > 3, "nothing came");
  type(programs, CTRL_C);
  process.kill(piped.pid, "SIGINT");
  const [objects, tables] = await Promise.all([programs.finished, piped.finished]);
  expect([objects.code, tables.code]).toEqual([0, 0]);
  for (const line of objects.stdout.replace("^C", "").trim().split("\r\n")) {
    expect(JSON.parse(line)).toEqual({ prefix, at: expect.any(Number), locks: [] });
  }
  expect(tables.stdout).not.toContain("\u001b");
  expect(tables.stdout).toMatch(/^(No lock is held[^\n]*\n){3,}$/);
});
