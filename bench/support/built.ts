import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const ROOT: string = join(import.meta.dirname, "../..");

const SOURCES = ["src", "adapters", "scripts", "test/conformance", "tsup.config.ts", "package.json"];

function newest(path: string): number {
  const stats = statSync(path);
  const files = stats.isDirectory() ? readdirSync(path, { recursive: true, encoding: "utf8" }) : [];
  return Math.max(stats.mtimeMs, ...files.map((file) => statSync(join(path, file)).mtimeMs));
}

function isStale(): boolean {
  try {
    const built = statSync(join(ROOT, "dist/quorum.js")).mtimeMs;
    return SOURCES.some((source) => newest(join(ROOT, source)) > built);
  } catch {
    return true;
  }
}

/** What is measured is what is published: the build, made anew when it is older than the sources. */
export function build(): void {
  if (!isStale()) return;
  console.log("building dist, which is missing or older than the sources ...");
  const tsup = join(ROOT, "node_modules/tsup/dist/cli-default.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsup, "--silent"], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`the build failed\n${stdout}${stderr}`);
}

/** An entry of the build, with the types of its source. */
export async function built<Module>(entry: string): Promise<Module> {
  return import(pathToFileURL(join(ROOT, "dist", `${entry}.js`)).href) as Promise<Module>;
}
