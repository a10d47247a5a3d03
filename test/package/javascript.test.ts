import { access } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { node, nodes } from "./support/nodes.ts";
import { installedPackage, type Project, provideOpenTelemetry, put, specifiers } from "./support/project.ts";
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
  "holdfast/upstash-subscribe": ["subscribe"],
  "holdfast/memory": ["memory"],
  "holdfast/command": ["command"],
  "holdfast/quorum": ["quorum"],
  "holdfast/single-flight": ["SingleFlightError", "singleFlight"],
  "holdfast/decorators": ["locked"],
  "holdfast/otel": ["instrument"],
  "holdfast/diagnostics": ["diagnostics"],
  "holdfast/testing": ["dateClock", "faulty", "virtualClock"],
  "holdfast/conformance": ["conformance"],
};

let project: Project;
beforeAll(async () => {
  project = await installedPackage();
  await Promise.all([put(project, "program.mjs"), put(project, "program.cjs"), provideOpenTelemetry(project)]);
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

test("nothing comes along, no client has to, and of OpenTelemetry only holdfast/otel knows", async () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = project.manifest;
  expect(dependencies).toBeUndefined();
  expect(Object.keys(peerDependencies ?? {})).toEqual(["@opentelemetry/api"]);
  expect(peerDependenciesMeta).toEqual({ "@opentelemetry/api": { optional: true } });
  const bare = await installedPackage();
  await expect(access(join(bare.folder, "node_modules/@opentelemetry"))).rejects.toThrow("ENOENT");
  for (const specifier of specifiers(bare)) {
    const imported = run(bare.folder, node("24"), ["--input-type=module", "-e", `await import("${specifier}")`]);
    if (specifier === "holdfast/otel") await expect(imported).rejects.toThrow("@opentelemetry/api");
    else expect(await imported).toBe("");
  }
});
