import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

function versionOf(name: string): string {
  // Not every package exports its package.json.
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (found.name === name && found.version) return found.version;
    } catch {}
  }
  return "?";
}

function redisVersion(): string {
  try {
    const said = execFileSync("redis-server", ["--version"], { encoding: "utf8" });
    return /v=(\S+)/.exec(said)?.[1] ?? said.trim();
  } catch {
    return "in a container";
  }
}

/** What a figure depends on. */
export function describeMachine(packages: readonly string[]): Record<string, string> {
  return {
    cores: `${availableParallelism()}`,
    CPU: cpus()[0]?.model ?? "?",
    system: `${process.platform} ${process.arch}`,
    Node: process.version,
    Redis: redisVersion(),
    ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
}
