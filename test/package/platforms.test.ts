import { beforeAll, test, vi } from "vitest";
import { compile, compilers, provideTypes, type Unit } from "./support/compilers.ts";
import { installedPackage, type Project, put } from "./support/project.ts";

vi.setConfig({ maxConcurrency: 2 });

/** Where the types of a platform come from, and what is compiled with them. */
const PLATFORMS = [
  { name: "dom", with: { lib: ["es2022", "dom"] }, files: ["real-signal.ts", "web-locks.ts"] },
  { name: "node", with: { types: ["node"] }, files: ["real-signal.ts"] },
  { name: "workers", with: { types: ["@cloudflare/workers-types"] }, files: ["real-signal.ts", "worker.ts"] },
];

let project: Project;
beforeAll(async () => {
  project = await installedPackage();
  await provideTypes(project, "@types/node", "node_modules");
  await provideTypes(project, "@cloudflare/workers-types", "test/package/node_modules");
  for (const program of new Set(PLATFORMS.flatMap(({ files }) => files))) await put(project, program);
});

test.concurrent.for(compilers)(
  "TypeScript $version: with the types of the DOM, of Node, of Workers their AbortSignal goes in and comes out",
  async ({ claimed, tsc }) => {
    // A platform's own library takes seconds to check, and our part of it differs in nothing but the compiler.
    const skipLibCheck = !["5.4", "7"].includes(claimed);
    const common = { module: "esnext", moduleResolution: "bundler", exactOptionalPropertyTypes: true, skipLibCheck };
    const units: Unit[] = PLATFORMS.map(({ name, files, with: types }) => ({
      name,
      files,
      options: { ...common, ...types },
    }));
    await compile(project, tsc, `platforms-${claimed}`, units);
  },
);
