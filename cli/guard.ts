import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Told } from "./guardian.ts";

/** Our end of the pipe to the guardian. */
export interface Guard {
  tell(told: Told): void;
}

/** Starts the guardian. It has a session of its own: no signal to our group, or from the terminal, reaches it. */
export function startGuardian(onLoss: () => void): Guard {
  const file = import.meta.url.endsWith(".ts") ? "./guardian.ts" : "./guardian.js";
  // With no file descriptor left it has no pipe either, and tells by an error.
  const guardian: ChildProcess = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    // Nothing of ours: neither secrets, nor what marks a process as the command's.
    env: {},
  });
  let over = false;
  const lost = () => {
    if (!over) onLoss();
  };
  guardian.on("error", lost);
  guardian.on("exit", lost);
  guardian.stdin?.on("error", () => {});
  guardian.unref();
  return {
    tell(told) {
      over ||= told.over === true;
      if (guardian.stdin?.writable) guardian.stdin.write(`${JSON.stringify(told)}\n`);
    },
  };
}
