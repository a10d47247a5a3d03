import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const BUN: string = fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url));

export interface BunProcess {
  /** What it printed, line by line; rejects when it fails. */
  ended: Promise<string[]>;
  /** Sends it a line. */
  write(line: string): void;
  /** Calls for each line that it prints. */
  onLine(listener: (line: string) => void): void;
  /** Ends its input, which is the sign for it to end. */
  end(): void;
}

/** Starts a file of test/transports/bun in Bun, which runs TypeScript as it is. */
export function bun(file: string, ...args: string[]): BunProcess {
  const path = fileURLToPath(new URL(`../transports/bun/${file}`, import.meta.url));
  const child = spawn(BUN, ["run", path, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const lines: string[] = [];
  const listeners: ((line: string) => void)[] = [];
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const output = createInterface(child.stdout);
  output.on("line", (line) => {
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  const ended = new Promise<string[]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(lines) : reject(new Error(`bun ended with ${code}: ${errors}`))));
  });
  ended.catch(() => {});
  return {
    ended,
    write: (line) => void child.stdin.write(`${line}\n`),
    onLine: (listener) => void listeners.push(listener),
    end: () => void child.stdin.end(),
  };
}
