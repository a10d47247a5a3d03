import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

/** A project in which the built package is installed, with the files for runtimes that import from folders. */
export async function compileProject(folder: string): Promise<void> {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "holdfast"), { recursive: true });
  for (const part of ["package.json", "dist"])
    cpSync(join(root, part), join(modules, "holdfast", part), { recursive: true });
  for (const client of ["ioredis", "redis"])
    symlinkSync(join(root, "node_modules", client), join(modules, client), "dir");
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "matrix", private: true, dependencies: { holdfast: "*", ioredis: "*", redis: "*" } }),
  );
  const files = { node: "in/node.ts", bun: "in/bun.ts", deno: "in/deno.ts", using: "suite/using.ts" };
  const packages = "external" as const;
  await compile({
    entryPoints: files,
    outdir: folder,
    format: "esm",
    splitting: true,
    outExtension: { ".js": ".mjs" },
    packages,
  });
  await compile({
    entryPoints: { node: "in/node.ts" },
    outdir: folder,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    packages,
  });
}

/** One file with the suite and the package, for runtimes that take code. */
export async function bundle(project: string, entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles, metafile } = await compile({
    entryPoints: [entry],
    write: false,
    metafile: true,
    conditions: ["workerd", "worker", "browser", "import"],
    nodePaths: [join(project, "node_modules")],
    ...options,
  });
  const sources = Object.keys(metafile?.inputs ?? {}).filter((path) => /^(src|adapters)\//.test(path));
  if (sources.length > 0) throw new Error(`the bundle has sources of the library, not only what is built: ${sources}`);
  return outputFiles?.[0]?.text ?? "";
}

function compile(options: BuildOptions) {
  return build({
    absWorkingDir: here,
    bundle: true,
    target: "esnext",
    logLevel: "silent",
    // Without those of the repository, which lead from the package's name to its sources.
    tsconfigRaw: {},
    ...options,
  });
}

/** For workerd: modules of Node are had by their full names, and by import, while clients say require("net"). */
export const nodeModules: Plugin = {
  name: "node-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const full = path.startsWith("node:") ? path : `node:${path}`;
      return kind === "require-call" ? { path: full, namespace: "required" } : { path: full, external: true };
    });
    onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `import builtin from ${JSON.stringify(path)}; module.exports = builtin;`,
    }));
  },
};
