import { readdir, readFile, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, sep } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { installedPackage, type Project, root } from "./support/project.ts";

let project: Project;
let files: string[];
const read = (file: string): Promise<string> => readFile(join(project.installed, file), "utf8");

beforeAll(async () => {
  project = await installedPackage();
  const entries = await readdir(project.installed, { recursive: true, withFileTypes: true });
  files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(project.installed.length + 1))
    .map((file) => file.split(sep).join("/"))
    .sort();
});

/** What entries share or load later, which is named by its content: modules, and declarations. */
const SHARED = /^dist\/((chunk|contention)-[A-Z0-9]{8}\.c?js|[\w-]+-[\w-]{8}\.d\.c?ts)$/;

/** The command, in pieces that are loaded when they are needed, and the licences of what is in them. */
const COMMAND = /^dist\/cli\/((main|guardian|chunk-[A-Z0-9]{8}|[a-z]+-[A-Z0-9]{8})\.js|THIRD-PARTY\.txt)$/;

test("the package is what its exports name, what those share, a command, and four documents", () => {
  const entries = Object.keys(project.manifest.exports).filter((subpath) => subpath !== "./package.json");
  const named = entries.flatMap((subpath) =>
    ["js", "cjs", "d.ts", "d.cts"].map((extension) => `dist/${subpath.slice(2) || "index"}.${extension}`),
  );
  const own = files.filter((file) => !named.includes(file) && SHARED.test(file));
  const command = files.filter((file) => COMMAND.test(file));
  expect(command).toEqual(
    expect.arrayContaining(["dist/cli/main.js", "dist/cli/guardian.js", "dist/cli/THIRD-PARTY.txt"]),
  );
  expect(files).toEqual([...named, ...own, ...command, "CHANGELOG.md", "LICENSE", "README.md", "package.json"].sort());
});

test("whatever entries share is imported by one of them", async () => {
  const modules = files.filter((file) => /^dist\/[^/]+$/.test(file));
  const texts = await Promise.all(modules.map(read));
  for (const file of modules.filter((name) => SHARED.test(name))) {
    // A declaration is imported under the name of its module.
    const imported = file.replace("dist/", "./").replace(/\.d\.(c?)ts$/, ".$1js");
    expect(
      texts.some((text) => text.includes(`'${imported}'`) || text.includes(`"${imported}"`)),
      file,
    ).toBe(true);
  }
});

test("nothing tells of the machine that built it, or points at what is not there", async () => {
  const places = [root, root.replace(/\/$/, ""), homedir(), tmpdir()].filter((place) => place.length > 1);
  for (const file of files) {
    const text = await read(file);
    for (const place of places) expect(text.includes(`${place}/`), `${file} contains ${place}`).toBe(false);
    expect(text, file).not.toMatch(/sourceMappingURL|sourcesContent|file:\/\/\/|_authToken/);
    expect(text, file).not.toMatch(/from ['"]\.\.\//);
  }
});

test("the package's size is printed, and holds", async () => {
  const { size } = await stat(project.tarball);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(project.installed, file))).size));
  const unpacked = sizes.reduce((sum, each) => sum + each, 0);
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
  console.log(`package: ${files.length} files, ${kilobytes(size)}, unpacked ${kilobytes(unpacked)}`);
  expect(size).toBeLessThan(280_000);
});
