import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Failed } from "./batch.ts";
import type { Mutant } from "./mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PARTS = ["src", "adapters", "test/simulation", "test/support/random.ts"];

/** Runs the simulator over a copy of the source that lacks one protection, until a seed fails. */
export async function hunt({ file, from, to, regime }: Mutant, seeds: number): Promise<Failed | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-mutant-"));
  try {
    for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const path = join(folder, file);
    const source = readFileSync(path, "utf8");
    if (source.split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
    writeFileSync(path, source.replace(from, () => to));
    const args = [join(folder, "test/simulation/hunt.ts"), "1", `${seeds}`, ...(regime ? [regime] : [])];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
    return JSON.parse(stdout) ?? undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
