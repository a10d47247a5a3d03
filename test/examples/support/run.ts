import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";

const path = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
export const NODE: string = process.execPath;
export const DENO: string = path("test/runtimes/node_modules/.bin/deno");
/** The native compiler: starts in a tenth of the time. */
export const TSC: string = path("node_modules/typescript7/bin/tsc");
export const BUN: string = path("node_modules/.bin/bun");
/** Preloaded, it sets the clock of a process wrong by `CLOCK_AHEAD_MS`. */
export const CLOCK_AHEAD: string = path("test/examples/support/clock-ahead.ts");

// Compilers and runtimes that start wait for a core.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  printed: string;
}

export interface Running {
  pid: number;
  /** Everything printed so far. */
  printed(): string;
  /** Waits until it has printed this; rejects if it ends without. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<End>;
}

const groups = new Set<number>();
process.on("exit", () => groups.forEach(killGroup));

/** Whether anything is left of a process and of what it has started. */
function alive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

function killGroup(group: number): void {
  if (alive(group)) process.kill(-group, "SIGKILL");
  groups.delete(group);
}

/** Whether something is left a while after the end: a build may end a moment before its helpers. */
async function leftBehind(group: number): Promise<boolean> {
  for (let look = 0; look < 100 && alive(group); look++) await sleep(50);
  return alive(group);
}

/** Starts a program in a process group of its own, so that what it starts and leaves behind is found. */
export function start(folder: string, command: string[], env: Record<string, string> = {}): Running {
  const [file = "", ...args] = command;
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  const child = spawn(file, args, {
    cwd: folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), NO_COLOR: "1", ...env },
  });
  const group = child.pid as number;
  groups.add(group);
  let printed = "";
  const listeners = new Set<() => void>();
  const collect = (chunk: string) => {
    printed += chunk;
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);

  const ended = once(child, "close").then(async ([code, signal]): Promise<End> => {
    const left = await leftBehind(group);
    killGroup(group);
    if (left) throw new Error(`${command.join(" ")} left a process behind`);
    return { code, signal, printed };
  });
  ended.catch(() => {});
  onTestFinished(async () => {
    killGroup(group);
    await ended;
  });

  return {
    pid: group,
    printed: () => printed,
    ended,
    kill: (signal) => void child.kill(signal),
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(printed);
          if (!match) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        look();
        ended.then(
          () => reject(new Error(`${command.join(" ")} ended without printing ${pattern}:\n${printed}`)),
          reject,
        );
      }),
  };
}

/** Runs a program to its end, which has to be a good one. */
export async function run(folder: string, command: string[], env?: Record<string, string>): Promise<string> {
  const { code, signal, printed } = await start(folder, command, env).ended;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code ?? signal}:\n${printed}`);
  return printed;
}

export interface Service extends Running {
  url: string;
}

/** Starts a server on a free port, and waits until it has printed which. */
export async function serve(folder: string, command: string[], env: Record<string, string>): Promise<Service> {
  const running = start(folder, command, { ...env, PORT: "0" });
  const [, port] = await running.prints(/(?:port: |localhost:|0\.0\.0\.0:|127\.0\.0\.1:)(\d+)/);
  return { ...running, url: `http://127.0.0.1:${port}` };
}
