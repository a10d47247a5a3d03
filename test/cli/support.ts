import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, inject, vi } from "vitest";
import { until } from "../support/redis-process.ts";
import { type RespClient, respClient } from "../support/resp.ts";

// Each test is some processes, which on a busy machine take their time to start.
vi.setConfig({ testTimeout: 60_000, maxConcurrency: 6 });

export const COMMAND: string = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
if (!existsSync(COMMAND)) throw new Error("There is no dist: run npm run build, or npm test, which does.");

export const PREFIX: string = `${inject("redisPrefix")}cli:`;

/** What would decide which Redis is meant, or how a program of Node behaves. */
const OURS = /^(redis_url|upstash_|holdfast_|node_|npm_|vitest|no_color|force_color)/i;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

const children = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
let redis: RespClient | undefined;
let count = 0;

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  // What a test that failed has left running, whoever was to end it.
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".pid"))) {
    for (const pid of linesOf(join(folder, file)).map(Number)) if (runs(pid)) process.kill(pid, "SIGKILL");
  }
  redis?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The shared server, as the command's own arguments. */
export const HERE: readonly string[] = ["--redis", inject("redisUrl"), "--prefix", PREFIX];

/** A raw client of the shared server. */
export function shared(): RespClient {
  redis ??= respClient(inject("redisUrl"));
  return redis;
}

/** A name of a lock, or of a file, that no other test has. */
export function fresh(what = "lock"): string {
  return `${what}-${++count}-${randomBytes(4).toString("hex")}`;
}

export function freshFile(): string {
  return join(folder, fresh("file"));
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  pid: number;
  /** What it has printed so far. */
  out(): string;
  err(): string;
  /** Resolves when its output has this in it. */
  says(text: string): Promise<void>;
  finished: Promise<Finished>;
}

/** Starts the command. It has a session of its own, so that tests are the same with a terminal and without. */
export function start(args: readonly string[], env: Record<string, string> = {}, input?: string): Running {
  return launch([process.execPath, COMMAND, ...args], env, input);
}

export function launch(words: readonly string[], env: Record<string, string> = {}, input?: string): Running {
  const [program = "", ...args] = words;
  const child = spawn(program, args, { stdio: "pipe", detached: true, env: { ...environment, ...env } });
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  const finished = new Promise<Finished>((resolve) => {
    child.once("close", (code, signal) => {
      children.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    child,
    pid: child.pid as number,
    out: () => stdout,
    err: () => stderr,
    says: (text) =>
      until(async () => (stdout + stderr).includes(text), `${words.slice(2).join(" ")} did not say ${text}: ${stderr}`),
    finished,
  };
}

/** Runs the command to its end, with nothing to read unless input is given. */
export function holdfast(args: readonly string[], env: Record<string, string> = {}, input = ""): Promise<Finished> {
  return start(args, env, input).finished;
}

/** Whether a process is there, and has not ended. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  await until(async () => !pids.some(runs), `of ${pids} some were still running`);
}

export function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}

/** The process ids that are in a file, once there are so many. */
export async function pidsIn(file: string, count: number): Promise<number[]> {
  await until(async () => linesOf(file).length >= count, `${file} did not get ${count} lines`);
  return linesOf(file).map(Number);
}

/** The value of the lock's key. */
export async function holderOf(name: string): Promise<string | null> {
  const value = await shared().send("GET", PREFIX + name);
  return value === null ? null : String(value);
}

/** Nobody holds the name, and nothing but a record that expires is left of it. */
export async function expectFree(name: string): Promise<void> {
  expect(await holderOf(name)).toBeNull();
}

/** A program for Node that shows a sign of life every 10 ms, and does not care for TERM. */
export const STUBBORN = `
  const { appendFileSync } = require("node:fs");
  process.on("SIGTERM", () => appendFileSync(process.argv[1] + ".term", Date.now() + "\\n"));
  appendFileSync(process.argv[1] + ".pid", process.pid + "\\n");
  setInterval(() => appendFileSync(process.argv[1], Date.now() + "\\n"), 10);
`;

/** Words that run it. */
export function stubborn(file: string): string[] {
  return [process.execPath, "-e", STUBBORN, file];
}
