import { beforeAll, expect, test } from "vitest";
import { nodes } from "./support/nodes.ts";
import { installedPackage, type Project, put, specifiers } from "./support/project.ts";
import { run } from "./support/run.ts";

/** What an import of each subpath gives: the values, types aside. */
const VALUES = {
  holdfast: [
    "LockBackendError",
    "LockClosedError",
    "LockError",
    "LockLostError",
    "LockOptionsError",
    "LockTimeoutError",
    "createLocks",
    "isLockError",
  ],
  "holdfast/ioredis": ["ioredis"],
  "holdfast/node-redis": ["nodeRedis"],
  "holdfast/upstash": ["upstash"],
  "holdfast/memory": ["memory"],
  "holdfast/command": ["command"],
  "holdfast/quorum": ["quorum"],
  "holdfast/single-flight": ["SingleFlightError", "singleFlight"],
  "holdfast/decorators": ["locked"],
  "holdfast/conformance": ["conformance"],
};

let project: Project;
beforeAll(async () => {
  project = await installedPackage();
  await Promise.all([put(project, "program.mjs"), put(project, "program.cjs")]);
});

const programs = nodes.flatMap((node) =>
  ["program.mjs", "program.cjs"].map((program) => ({ ...node, program, as: program.endsWith("mjs") ? "ESM" : "CJS" })),
);

test.for(programs)(
  "$as in Node $version: each subpath is there, and a lock is taken and released",
  async ({ file, version, program }) => {
    expect(await run(project.folder, file, ["--version"])).toBe(`v${version}\n`);
    const printed = await run(project.folder, file, [program, ...specifiers(project)]);
    expect(JSON.parse(printed)).toEqual(VALUES);
  },
);

test("nothing comes along, and no client has to", () => {
  expect(project.manifest.dependencies).toBeUndefined();
  expect(project.manifest.peerDependencies).toBeUndefined();
});
