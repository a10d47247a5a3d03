import { copyFile, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { emptyFolder, run } from "./run.ts";

export const root: string = fileURLToPath(new URL("../../..", import.meta.url));

/** What `npm pack` gives, installed into an empty project. */
export interface Project {
  folder: string;
  /** Where the package is: `node_modules/holdfast`. */
  installed: string;
  tarball: string;
  manifest: Manifest;
}

export interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string | { import: { types: string; default: string }; require: { default: string } }>;
  dependencies?: object;
  peerDependencies?: object;
  peerDependenciesMeta?: object;
  repository?: { url: string };
}

/** What runs here is the very thing that would be published, so `dist` has to be there: `npm test` builds it first. */
export async function installedPackage(): Promise<Project> {
  const folder = await emptyFolder();
  await run(root, "npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
  const [tarball = ""] = (await readdir(folder)).filter((file) => file.endsWith(".tgz"));
  await writeFile(join(folder, "package.json"), '{ "private": true }');
  await run(folder, "npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", `./${tarball}`]);
  const installed = join(folder, "node_modules", "holdfast");
  const manifest: Manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  return { folder, installed, tarball: join(folder, tarball), manifest };
}

/** What can be imported: `holdfast`, `holdfast/memory`, ... */
export function specifiers({ manifest }: Project): string[] {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === "object")
    .map(([subpath]) => manifest.name + subpath.slice(1));
}

/** Installs the optional peer: a copy, so that it is found from where the project is. */
export async function provideOpenTelemetry({ folder }: Project): Promise<void> {
  const path = "node_modules/@opentelemetry/api";
  await cp(join(root, path), join(folder, path), { recursive: true });
}

/** Puts a program from test/package/consumers into the project. */
export async function put(project: Project, program: string, as: string = program): Promise<string> {
  const target = join(project.folder, as);
  await copyFile(join(root, "test/package/consumers", program), target);
  return target;
}
