import { installWithApt, onPath } from "./apt.ts";

/** The browser of this machine: at CHROMIUM_PATH, on PATH, or from the distribution's packages. */
export async function findChromium(): Promise<string> {
  const found = process.env.CHROMIUM_PATH || installed();
  if (found) return found;
  const tried = await installWithApt("chromium");
  const path = installed();
  if (path) return path;
  throw new Error(
    "The tests run in a real browser and found none. Provide one of: CHROMIUM_PATH (the path of a Chromium or Chrome), " +
      "chromium, chromium-browser or google-chrome on PATH, or root on Debian, where apt-get installs it. " +
      `(${tried})`,
  );
}

function installed(): string | undefined {
  for (const name of ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]) {
    const path = onPath(name);
    if (path) return path;
  }
  return undefined;
}

/** Arguments of a browser that tests drive: as root it has no sandbox, and a container has little shared memory. */
export function chromiumArguments(): string[] {
  return ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
}
