import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

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
  const tried = await installWithApt();
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
  const install = "command -v chromium || { apt-get update && apt-get install -y --no-install-recommends chromium; }";
  try {
    // Several test files may ask at the same time, and apt-get fails where another one runs.
    await run("flock", [join(tmpdir(), "holdfast-apt.lock"), "sh", "-c", install], {
      timeout: 600_000,
      maxBuffer: 2 ** 26,
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    return "apt-get installed chromium, but it does not run";
  } catch (error) {
    return `apt-get failed: ${(error as Error).message.trim().slice(-300)}`;
  }
}
