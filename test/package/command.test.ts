import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, inject, test } from "vitest";
import { nodes } from "./support/nodes.ts";
import { installedPackage, type Project } from "./support/project.ts";
import { run } from "./support/run.ts";

// The command in an empty project, as `npm install` of the tarball leaves it: nothing else is installed.
let project: Project;
let bin: string;
beforeAll(async () => {
  project = await installedPackage();
  bin = join(project.folder, "node_modules", ".bin", "holdfast");
});

const here = ["--redis", inject("redisUrl"), "--prefix", `${inject("redisPrefix")}packed:`];

test("nothing but the package is there, and its bin is a program", async () => {
  const installed = (await readdir(join(project.folder, "node_modules"))).filter((name) => !name.startsWith("."));
  expect(installed).toEqual(["holdfast"]);
  expect((await stat(bin)).mode & 0o111).toBe(0o111);
});

test.for(nodes)("in Node $version a command runs under a lock, and doctor looks at Redis", async ({ file, major }) => {
  const words = ["run", `deploy-${major}`, ...here, "--", "sh", "-c", 'echo "$HOLDFAST_FENCE"; sleep 0.1'];
  expect(await run(project.folder, file, [bin, ...words])).toMatch(/^\d{16}\n$/);
  const { fit } = JSON.parse(await run(project.folder, file, [bin, "doctor", "--json", ...here]));
  expect(fit).toBe(true);
  expect(await run(project.folder, file, [bin, "--version"])).toBe(`${project.manifest.version}\n`);
});

test("npx runs it, without asking a registry", async () => {
  const words = ["--offline", "holdfast", "run", "deploy", ...here, "--", "sh", "-c", "echo done"];
  expect(await run(project.folder, "npx", words)).toBe("done\n");
});

test("whatever is inside of it comes with its licence", async () => {
  const notice = await readFile(join(project.installed, "dist/cli/THIRD-PARTY.txt"), "utf8");
  const names = [...notice.matchAll(/^={80}\n(\S+) \S+ \((\S+)\)$/gm)].map(([, name, licence]) => `${name} ${licence}`);
  expect(names).toEqual([
    "@ioredis/commands MIT",
    "cluster-key-slot Apache-2.0",
    "commander MIT",
    "denque Apache-2.0",
    "ioredis MIT",
    "redis-errors MIT",
    "standard-as-callback MIT",
  ]);
  expect(notice).toContain("Copyright (c) 2011 TJ Holowaychuk");
  expect(notice.match(/Apache License/g)?.length).toBeGreaterThanOrEqual(2);
});
