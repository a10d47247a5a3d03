import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Failed } from "./batch.ts";
import { KNOWN_SEEDS } from "./known-seeds.ts";
import type { Mutant } from "./mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PARTS = ["src", "adapters", "test/simulation", "test/support/random.ts"];

/** Lends a copy of the source and of the simulator that lacks one protection. */
export async function withMutant<T>({ file, from, to }: Mutant, use: (copy: Copy) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-mutant-"));
  try {
    for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const path = join(folder, file);
    const source = readFileSync(path, "utf8");
    if (source.split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
    writeFileSync(
      path,
      source.replace(from, () => to),
    );
    return await use({ folder, run: (script, ...args) => run(join(folder, "test/simulation", script), args) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Copy {
  folder: string;
  /** Runs a script of the simulator's folder; gives its exit code and what it printed. */
  run(script: string, ...args: string[]): Promise<{ code: number; output: string }>;
}

export async function run(path: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [path, ...args], {
      timeout: 170_000,
      maxBuffer: 2 ** 26,
    });
    return { code: 0, output: stdout };
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw thrown;
    return { code, output: `${stdout}${stderr}` };
  }
}

/** The first seed that breaks one of its invariants without this protection. */
export async function hunt(mutant: Mutant, seeds: number): Promise<Failed | undefined> {
  return withMutant(mutant, async (copy) => {
    const { invariants, regime = "", stores = 1, first = 1, contended = false } = mutant;
    async function search(from: number, to: number): Promise<Failed | undefined> {
      const wanted = [`${invariants}`, regime, `${stores}`, contended ? "contended" : ""];
      const { output } = await copy.run("hunt.ts", `${from}`, `${to}`, ...wanted);
      return JSON.parse(output) ?? undefined;
    }
    const known = KNOWN_SEEDS[mutant.name] ?? first;
    return (await search(known, known)) ?? search(first, first + seeds - 1);
  });
}
