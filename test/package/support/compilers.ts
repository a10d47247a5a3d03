import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { node } from "./nodes.ts";
import { type Project, root } from "./project.ts";
import { run } from "./run.ts";

const packages: Record<string, string> = {
  "5.4": "test/package/node_modules/typescript54",
  "5.9": "test/package/node_modules/typescript59",
  "6": "node_modules/typescript",
  "7": "node_modules/typescript7",
};

/** Every TypeScript that is claimed, with the version that is installed. */
export const compilers: readonly { claimed: string; version: string; tsc: string }[] = Object.entries(packages).map(
  ([claimed, path]) => ({
    claimed,
    version: JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")).version,
    tsc: join(root, path, "bin/tsc"),
  }),
);

/** The least that a consumer may have: no DOM, no types of any runtime. And nothing is left unchecked. */
const LEAST: object = { strict: true, skipLibCheck: false, target: "es2022", lib: ["es2022"], types: [] };

/** What is compiled as one program, with a configuration and an output of its own. */
export interface Unit {
  name: string;
  files: string[];
  options: object;
}

/**
 * Compiles each unit; resolves to where their outputs are. One build of several projects reads a library once, and so
 * takes a third of the time that a compiler for each would.
 */
export async function compile({ folder }: Project, tsc: string, name: string, units: Unit[]): Promise<string[]> {
  const projects = units.map((unit) => join(folder, name, unit.name));
  for (const [index, { files, options }] of units.entries()) {
    const own = projects[index] as string;
    await mkdir(own, { recursive: true });
    const compilerOptions = { ...LEAST, rootDir: "../..", outDir: "out", ...options };
    const config = { compilerOptions, files: files.map((file) => `../../${file}`) };
    await writeFile(join(own, "tsconfig.json"), JSON.stringify(config));
  }
  // On two cores TypeScript 7 checks by itself what it would check several times over for its threads.
  const alone = tsc.includes("typescript7") ? ["--singleThreaded"] : [];
  await run(folder, node("24"), [tsc, "--build", "--verbose", ...alone, ...projects]);
  return projects.map((own) => join(own, "out"));
}

/** Makes a package of types that is installed here the project's too. */
export async function provideTypes({ folder }: Project, name: string, from: string): Promise<void> {
  const target = join(folder, "node_modules", name);
  await mkdir(dirname(target), { recursive: true });
  await symlink(join(root, from, name), target, "dir");
}
