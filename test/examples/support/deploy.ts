import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** What the examples alone need comes before what everything here shares. */
const SOURCES = [join(root, "test/examples/node_modules"), join(root, "node_modules")];
/** Of what the set-up installs, what no build here looks at. */
const UNUSED = new Set(["@img", "sharp", ".bin", ".package-lock.json", ".holdfast-setup"]);

interface Manifest {
  version: string;
  files?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export interface Deployment {
  folder: string;
  remove(): void;
}

/**
 * Copies an example into a folder of its own, with what it depends on beside it: the package as it would be published,
 * from `dist`, and the installed version of everything else, which has to be one that the example asks for. `whole`:
 * with all of it inside the folder, for a build that follows no link out of it.
 */
export function deploy(name: string, { whole = false }: { whole?: boolean } = {}): Deployment {
  const folder = mkdtempSync(join(whole ? join(root, "test/examples") : tmpdir(), `.run-${name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const example = join(root, "examples", name);
    const unwanted = new Set(["node_modules", ".next"]);
    cpSync(example, folder, { recursive: true, filter: (path) => !unwanted.has(basename(path)) });
    const modules = join(folder, "node_modules");
    mkdirSync(modules);
    if (whole) linkTree(SOURCES[0] as string, modules, UNUSED);
    const { dependencies, devDependencies } = read(folder);
    for (const [dependency, range] of Object.entries({ ...dependencies, ...devDependencies })) {
      const from = dependency === "holdfast" ? root : installed(dependency);
      assertWithin(dependency, range, read(from).version);
      const to = join(modules, dependency);
      if (dependency === "holdfast") publish(to);
      else if (!whole) link(from, to);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}

function read(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function installed(dependency: string): string {
  for (const source of SOURCES) {
    if (readdirSync(join(source, dirname(dependency))).includes(basename(dependency))) return join(source, dependency);
  }
  throw new Error(`${dependency} is not installed: npm test installs test/examples, and so does scripts/setup.mjs.`);
}

/** What npm would install from the registry, once it is there. */
function publish(to: string): void {
  const { files = [] } = read(root);
  for (const path of ["package.json", ...files]) cpSync(join(root, path), join(to, path), { recursive: true });
}

function assertWithin(dependency: string, range: string, version: string): void {
  const asked = range.replace("^", "").split(".").map(Number);
  const found = version.split(".").map(Number);
  const at = asked.findIndex((part, index) => part !== found[index]);
  const fixed = range.startsWith("^") ? asked.findIndex((part) => part > 0) : 2;
  if (at >= 0 && (at <= fixed || (found[at] as number) < (asked[at] as number))) {
    throw new Error(`The example asks for ${dependency} ${range}, and ${version} is installed: make them agree.`);
  }
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to, "junction");
}

/** The same files under another name, which costs no copy. */
function linkTree(from: string, to: string, leaveOut = new Set<string>()): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (leaveOut.has(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isFile()) linkSync(source, target);
  }
}
