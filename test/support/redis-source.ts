import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { dockerAnswers } from "./redis-container.ts";

export type RedisSource = { kind: "url"; url: string } | { kind: "binary"; path: string } | { kind: "docker" };

/** Where this run gets Redis from: an existing server, else the first way to start one. */
export async function findRedis(): Promise<RedisSource> {
  const url = process.env.REDIS_URL;
  return url ? { kind: "url", url } : findPrivateRedis();
}

/** A Redis of our own, which a test may stop, kill, flush or start again. */
export async function findPrivateRedis(): Promise<Exclude<RedisSource, { kind: "url" }>> {
  const installed = onPath("redis-server");
  if (installed) return { kind: "binary", path: installed };
  if (await dockerAnswers()) return { kind: "docker" };
  const tried = await installWithApt();
  const path = onPath("redis-server");
  if (path) return { kind: "binary", path };
  const own = process.env.REDIS_URL
    ? "This test stops and starts a Redis of its own, for which the server at REDIS_URL cannot be used. "
    : "The tests run against a real Redis and found none. ";
  throw new Error(
    `${own}Provide one of: REDIS_URL (an existing server; for the Cluster tests also REDIS_CLUSTER_URLS), ` +
      "redis-server on PATH, a running Docker engine, " +
      `or root on Debian or Ubuntu, where apt-get installs it. (${tried})`,
  );
}

function onPath(program: string): string | undefined {
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
async function installWithApt(): Promise<string> {
  if (!onPath("apt-get")) return "apt-get is not here";
  if (process.getuid?.() !== 0) return "apt-get needs root";
  const run = promisify(execFile);
  const options = { timeout: 300_000, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  // Exit code 101 forbids the package to start a service, which nobody would stop.
  const policy = "/usr/sbin/policy-rc.d";
  const ownPolicy = !existsSync(policy);
  try {
    if (ownPolicy) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", "redis-server"], options);
    return "apt-get installed redis-server, but it is not on PATH";
  } catch (error) {
    return `apt-get failed: ${(error as Error).message.trim().slice(-300)}`;
  } finally {
    if (ownPolicy) await rm(policy, { force: true });
  }
}
