import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, vi } from "vitest";

// Compilers, bundlers and npm take seconds, and on a busy machine many.
vi.setConfig({ hookTimeout: 240_000, testTimeout: 240_000 });

const folders: string[] = [];
// Here and not where a folder is made: a hook that is registered while one runs is never called.
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const execute = promisify(execFile);

/** What npm and vitest set for their own children would decide how a consumer's program behaves. */
const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|node_|vitest|vite_|test$|dev$|prod$)/i.test(name)),
);

/** Runs a program in a folder, and resolves to what it printed. A failure's message has all of its output. */
export async function run(
  folder: string,
  file: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  try {
    const options = { cwd: folder, env: { ...environment, ...env }, maxBuffer: 2 ** 26, timeout: 200_000 };
    return (await execute(file, args, options)).stdout;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}

/** A folder outside of the repository, so that nothing of the repository is found from it. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-consumer-"));
  folders.push(folder);
  return folder;
}
