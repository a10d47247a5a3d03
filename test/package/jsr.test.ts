import { existsSync } from "node:fs";
import { appendFile, cp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import configs from "../../tsup.config.ts";
import { type Manifest, root } from "./support/project.ts";
import { emptyFolder, run } from "./support/run.ts";

interface JsrManifest {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
  publish: { include: string[]; exclude: string[] };
}

const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(root, file), "utf8"));
const jsr = await read<JsrManifest>("jsr.json");
const npm = await read<Manifest & { license: string }>("package.json");

test("JSR's manifest says what npm's says", () => {
  expect(jsr.version).toBe(npm.version);
  expect(jsr.license).toBe(npm.license);
  expect(jsr.name).toBe(`@holdfast/${npm.name}`);
  const peers = Object.entries(npm.peerDependencies ?? {}).map(([name, range]) => [name, `npm:${name}@${range}`]);
  expect(jsr.imports).toEqual(Object.fromEntries(peers));
  expect(Object.keys(jsr.exports)).toEqual(Object.keys(npm.exports).filter((subpath) => subpath !== "./package.json"));
});

test("each export is the source that npm's is built from", () => {
  const [library] = configs;
  const built = Object.entries(library?.entry as Record<string, string>);
  expect(Object.values(jsr.exports).sort()).toEqual(built.map(([, source]) => `./${source}`).sort());
  for (const [subpath, source] of Object.entries(jsr.exports)) {
    expect(built).toContainEqual([subpath.slice(2) || "index", source.slice(2)]);
  }
});

/** The sources as JSR would get them, with nothing else of the repository beside them. */
async function checkout(): Promise<string> {
  const folder = await emptyFolder();
  for (const path of ["jsr.json", ...jsr.publish.include]) {
    expect(existsSync(join(root, path)), path).toBe(true);
    await cp(join(root, path), join(folder, path), { recursive: true });
  }
  // Where there is no network Deno finds npm's packages as Node does.
  const { peerDependencies: dependencies = {} } = npm;
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies }));
  for (const name of Object.keys(dependencies))
    await cp(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  return folder;
}

/** What `deno publish` says of them, without a network. */
async function dryRun(folder: string, ...flags: string[]): Promise<string> {
  const deno = join(root, "test/runtimes/node_modules/.bin/deno");
  const nowhere = "http://127.0.0.1:9";
  const env = { DENO_DIR: join(folder, ".deno"), DENO_NO_UPDATE_CHECK: "1", HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere };
  const args = ["publish", "--dry-run", "--allow-dirty", ...flags];
  const printed = await run(folder, "/bin/sh", ["-c", 'exec "$0" "$@" 2>&1', deno, ...args], env);
  await rm(join(folder, ".deno"), { recursive: true, force: true });
  return stripVTControlCharacters(printed);
}

test("deno publish finds no slow type and nothing else to object to, and takes no test along", async () => {
  const folder = await checkout();
  const printed = await dryRun(folder);
  expect(printed).toContain("Checking for slow types");
  expect(printed).toContain(`@holdfast/holdfast@${jsr.version}`);
  expect(printed).toContain("Success");
  expect(printed.match(/warning.*/gi)).toBeNull();
  const paths = [...printed.matchAll(/file:\/\/(\S+) \(/g)].map(
    ([, path = ""]) => path.split(`${basename(folder)}/`)[1],
  );
  for (const source of Object.values(jsr.exports)) expect(paths).toContain(source.slice(2));
  const sources = /^(src|adapters|test\/conformance)\/(?!.*\.test\.ts)/;
  const others = paths.filter((path = "") => !sources.test(path));
  expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "jsr.json"]);
});

test("a slow type is found", async () => {
  const folder = await checkout();
  await appendFile(join(folder, "src/index.ts"), "export const defaults = Object.assign({}, { ttl: 1 });\n");
  await expect(dryRun(folder, "--no-check")).rejects.toThrow("missing-explicit-type");
});
