import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

export function onPath(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      if (folder) return path;
    } catch {}
  }
  return undefined;
}

/** Returns how it went, in words for the error message. */
export async function installWithApt(name: string): Promise<string> {
  if (!onPath("apt-get")) return "apt-get is not here";
  if (process.getuid?.() !== 0) return "apt-get needs root";
  const run = promisify(execFile);
  const options = { timeout: 600_000, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  // Exit code 101 forbids the package to start a service, which nobody would stop.
  const policy = "/usr/sbin/policy-rc.d";
  const ownPolicy = !existsSync(policy);
  try {
    if (ownPolicy) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    // Several test files may ask at the same time, and apt-get fails where another one runs.
    const install = 'command -v "$1" || { apt-get update && apt-get install -y --no-install-recommends "$1"; }';
    await run("flock", [join(tmpdir(), "holdfast-apt.lock"), "sh", "-c", install, "sh", name], options);
    return `apt-get installed ${name}, but it is not on PATH`;
  } catch (error) {
    return `apt-get failed: ${(error as Error).message.trim().slice(-300)}`;
  } finally {
    if (ownPolicy) await rm(policy, { force: true });
  }
}
