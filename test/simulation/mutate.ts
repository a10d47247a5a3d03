import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Failed } from "./batch.ts";
import { KNOWN_SEEDS } from "./known-seeds.ts";
import type { Mutant } from "./mutants.ts";

const root = new URL("../..", import.meta.url);
const here = new URL(".", import.meta.url);

interface Ended {
  code: number;
  output: string;
}

/** Runs a script of the simulator, over a source that lacks one protection; gives its exit code and what it printed. */
export function runMutant({ file, from, to }: Mutant, script: string, ...args: string[]): Promise<Ended> {
  const url = new URL(file, root);
  if (readFileSync(url, "utf8").split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
  const preload = `--import=${new URL("mutation.ts", here)}`;
  return runNode([preload, fileURLToPath(new URL(script, here)), ...args], {
    HOLDFAST_MUTATION: JSON.stringify({ url, from, to }),
  });
}

/** Runs a script of the simulator as it is. */
export function run(script: string, ...args: string[]): Promise<Ended> {
  return runNode([fileURLToPath(new URL(script, here)), ...args]);
}

async function runNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...env },
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
  const { invariants, regime = "", stores = 1, first = 1, contended = false, name } = mutant;
  async function search(from: number, to: number): Promise<Failed | undefined> {
    const wanted = [`${invariants}`, regime, `${stores}`, contended ? "contended" : ""];
    const { output } = await runMutant(mutant, "hunt.ts", `${from}`, `${to}`, ...wanted);
    return JSON.parse(output) ?? undefined;
  }
  const known = KNOWN_SEEDS[name] ?? first;
  return (await search(known, known)) ?? search(first, first + seeds - 1);
}
