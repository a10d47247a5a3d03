import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { installWithApt, onPath } from "./apt.ts";

const run = promisify(execFile);
const programs = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * The path of a Chromium that runs here: the one at CHROMIUM_PATH, else the first on PATH; on Debian as root
 * apt-get installs it, which may take minutes.
 *
 * Start it with `--no-sandbox` where the user is root, as in most containers.
 *
 * @throws an Error that says what to provide.
 */
export async function findChromium(): Promise<string> {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    if (await answers(chosen)) return chosen;
    throw new Error(`CHROMIUM_PATH is ${chosen}, which does not answer to --version.`);
  }
  const installed = await firstOnPath();
  if (installed) return installed;
  const tried = await installWithApt("chromium");
  const path = await firstOnPath();
  if (path) return path;
  throw new Error(
    "These tests drive a real browser and found none. Provide one of: CHROMIUM_PATH (an executable of Chromium or " +
      `Chrome), one of ${programs.join(", ")} on PATH, or root on Debian, where apt-get installs it. (${tried})`,
  );
}

async function firstOnPath(): Promise<string | undefined> {
  for (const program of programs) {
    const path = onPath(program);
    // Ubuntu's chromium-browser may be a stub that only says to install the snap.
    if (path && (await answers(path))) return path;
  }
  return undefined;
}

async function answers(path: string): Promise<boolean> {
  return run(path, ["--version"], { timeout: 30_000 }).then(
    ({ stdout }) => /chrom/i.test(stdout),
    () => false,
  );
}

/** Arguments of a browser that tests drive: as root it has no sandbox, and a container has little shared memory. */
export function chromiumArguments(): string[] {
  return ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
}
