import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { compile, compilers, type Unit } from "./support/compilers.ts";
import { node } from "./support/nodes.ts";
import { installedPackage, type Project, provideOpenTelemetry, put, specifiers } from "./support/project.ts";
import { run } from "./support/run.ts";

vi.setConfig({ maxConcurrency: 2 });

/** Each way to resolve modules, with what a module there is; that decides which declarations are read. */
const RESOLUTIONS = [
  { moduleResolution: "node16", module: "node16", files: ["program.mts", "program.cts"] },
  { moduleResolution: "nodenext", module: "nodenext", files: ["program.mts", "program.cts"] },
  { moduleResolution: "bundler", module: "esnext", files: ["program.mts"] },
] as const;

/** Which declarations are read is one thing, and what can be assigned another: one resolution shows that. */
const EXACT = { node16: [true], nodenext: [true, false], bundler: [true] };

const UNITS: Unit[] = RESOLUTIONS.flatMap(({ files, ...options }) =>
  EXACT[options.moduleResolution].map((exactOptionalPropertyTypes) => ({
    name: `${options.moduleResolution}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes}`,
    files: [...files],
    options: { ...options, exactOptionalPropertyTypes },
  })),
);

let project: Project;
beforeAll(async () => {
  project = await installedPackage();
  const programs = [put(project, "program.ts", "program.mts"), put(project, "program.ts", "program.cts")];
  await Promise.all([...programs, provideOpenTelemetry(project)]);
});

/** Runs `main` of a module, as a module of its kind would. */
async function main(file: string, module: string): Promise<string> {
  const path = JSON.stringify(module);
  const code = module.endsWith(".cjs")
    ? ["-e", `require(${path}).main().then(console.log)`]
    : ["--input-type=module", "-e", `console.log(await (await import(${path})).main())`];
  return run(project.folder, file, code);
}

test.concurrent.for(compilers)(
  "TypeScript $version: a program with every public export compiles without the DOM and @types/node, and runs",
  async ({ claimed, version, tsc }) => {
    expect(await run(project.folder, node("24"), [tsc, "--version"])).toContain(version);
    expect(version.startsWith(`${claimed}.`)).toBe(true);
    const outputs = await compile(project, tsc, `typescript-${claimed}`, UNITS);
    for (const [index, { files, name }] of UNITS.entries()) {
      for (const file of files) {
        const module = join(outputs[index] as string, file.replace("ts", "js"));
        expect(await main(node("20"), module), `${file}, ${name}`).toBe("done\n");
      }
    }
  },
);

test.for(["24", "26"])("the program runs as it is in Node %s, which erases types", async (major) => {
  expect(await main(node(major), join(project.folder, "program.mts"))).toBe("done\n");
});

/** The names in `{ a, type b }`, of imports or exports. */
function namesIn(braces = ""): string[] {
  const names = braces.split(",").map((name) => name.trim().replace(/^type |^\w+ as /, ""));
  return names.filter((name) => name !== "").sort();
}

test("the program names every public export, and the declarations of ESM and CJS have the same", async () => {
  const program = await readFile(join(project.folder, "program.mts"), "utf8");
  for (const specifier of specifiers(project)) {
    const entry = specifier.split("/")[1] ?? "index";
    const [, imported] = new RegExp(`import \\{([^}]*)\\} from "${specifier}";`).exec(program) ?? [];
    for (const extension of ["d.ts", "d.cts"]) {
      const declared = await readFile(join(project.installed, "dist", `${entry}.${extension}`), "utf8");
      const exported = [...declared.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, braces]) => braces);
      expect(exported.length).toBeGreaterThan(0);
      expect(namesIn(imported), specifier).toEqual(namesIn(exported.join()));
    }
  }
});

test("no declaration asks for the types of a platform", async () => {
  const dist = join(project.installed, "dist");
  const files = (await readdir(dist)).filter((file) => /\.d\.c?ts$/.test(file));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const references = (await readFile(join(dist, file), "utf8")).match(/^\/\/\/ <reference .*$/gm) ?? [];
    for (const reference of references) expect(reference).toBe('/// <reference lib="esnext.disposable" />');
  }
});
