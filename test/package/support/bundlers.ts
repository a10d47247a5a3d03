import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { build } from "esbuild";
import Minimizer from "minimizer-webpack-plugin";
import { type OutputChunk, rollup } from "rollup";
import { type StatsModule, webpack } from "webpack";
import type { Project } from "./project.ts";

/** A script that makes a global `bundle`, and which files of the package have a part in it. */
export interface Bundle {
  code: string;
  modules: string[];
}

export type Bundler = (project: Project, name: string, program: string) => Promise<Bundle>;

/** What a Worker's bundler picks from `exports`. */
const CONDITIONS = ["workerd", "worker", "browser", "import"];

async function put({ folder }: Project, name: string, program: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, program);
  return file;
}

/** The paths inside of the package; the program itself is not among them. */
function within({ manifest }: Project, paths: Iterable<string>): string[] {
  const start = `node_modules/${manifest.name}/`;
  const parts = [...paths].map((path) => path.split(sep).join("/").split(start));
  return [...new Set(parts.flatMap(([, inside]) => inside ?? []))].sort();
}

const esbuild: Bundler = async (project, name, program) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [await put(project, name, program)],
    absWorkingDir: project.folder,
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    format: "iife",
    globalName: "bundle",
    platform: "neutral",
    conditions: CONDITIONS,
    target: "es2022",
    logLevel: "silent",
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return { code: outputFiles[0]?.text ?? "", modules: within(project, used) };
};

const byRollup: Bundler = async (project, name, program) => {
  const { exports } = project.manifest;
  const api = join(project.folder, "node_modules/@opentelemetry/api/build/esm");
  /** Within the optional peer modules are imported without an extension, as other bundlers allow. */
  function peer(source: string, importer = ""): string | null {
    if (source === "@opentelemetry/api") return join(api, "index.js");
    if (!importer.startsWith(api)) return null;
    const file = join(dirname(importer), source);
    return existsSync(`${file}.js`) ? `${file}.js` : join(file, "index.js");
  }
  const bundle = await rollup({
    input: await put(project, name, program),
    plugins: [
      {
        name: "exports",
        resolveId(source, importer) {
          const target = exports[source.replace(project.manifest.name, ".")];
          return typeof target === "object" ? join(project.installed, target.import.default) : peer(source, importer);
        },
      },
    ],
    // What cannot be resolved would be left to the runtime, which has nothing of the kind.
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  const { output } = await bundle.generate({
    format: "iife",
    name: "bundle",
    exports: "named",
    inlineDynamicImports: true,
  });
  await bundle.close();
  const chunks = output.filter((part): part is OutputChunk => part.type === "chunk");
  const modules = chunks.flatMap((chunk) => Object.entries(chunk.modules));
  const used = modules.filter(([, { renderedLength }]) => renderedLength > 0).map(([path]) => path);
  return { code: chunks.map((chunk) => chunk.code).join("\n"), modules: within(project, used) };
};

function modulesOf(modules: StatsModule[] = []): string[] {
  return modules.flatMap((module) => [module.nameForCondition ?? "", ...modulesOf(module.modules)]);
}

const byWebpack: Bundler = async (project, name, program) => {
  const path = join(project.folder, `${name}-webpack`);
  await mkdir(path, { recursive: true });
  const compiler = webpack({
    mode: "production",
    target: ["webworker", "es2022"],
    context: project.folder,
    entry: await put(project, name, program),
    output: { path, filename: "bundle.js", library: { name: "bundle", type: "var" } },
    // One file: what is loaded later would be another.
    module: { parser: { javascript: { dynamicImportMode: "eager" } } },
    resolve: { conditionNames: CONDITIONS },
    performance: false,
    // As by default, but for its thread, which would load the minimizer again for each bundle.
    optimization: { minimizer: [new Minimizer({ parallel: false, minimizerOptions: { compress: { passes: 2 } } })] },
  });
  if (!compiler) throw new Error("webpack made no compiler");
  const stats = await new Promise<Record<string, unknown>>((resolve, reject) => {
    compiler.run((error, result) => {
      const report = result?.toJson({ all: false, errors: true, warnings: true, modules: true, nestedModules: true });
      compiler.close(() => (error || !report ? reject(error) : resolve(report)));
    });
  });
  const problems = [...(stats.errors as { message: string }[]), ...(stats.warnings as { message: string }[])];
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  const code = await readFile(join(path, "bundle.js"), "utf8");
  return { code, modules: within(project, modulesOf(stats.modules as StatsModule[])) };
};

/** The bundlers of which Workers are made. */
export const bundlers: Readonly<Record<string, Bundler>> = { esbuild, rollup: byRollup, webpack: byWebpack };
