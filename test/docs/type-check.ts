import { join } from "node:path";
import ts from "typescript";
import { type Block, read, root } from "./markdown.ts";

/** Type-checks the samples as a user's compiler would, each as a module of its own; what it says, by page and line. */
export function typeCheck(blocks: Block[]): string[] {
  const nest = ({ code }: Block) => code.includes("@nestjs/");
  return [
    ...check(
      blocks.filter((block) => !nest(block)),
      {},
    ),
    // As Nest sets up a project.
    ...check(blocks.filter(nest), {
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      erasableSyntaxOnly: false,
    }),
  ];
}

function check(blocks: Block[], also: ts.CompilerOptions): string[] {
  const samples = new Map(blocks.map((block, index) => [join(root, "test/docs", fileName(block, index)), block]));
  const options = { ...compilerOptions(), ...also };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => samples.has(path) || fileExists.call(host, path);
  host.readFile = (path) => samples.get(path)?.code ?? readFile.call(host, path);
  host.getSourceFile = (path, how) => {
    const sample = samples.get(path);
    return sample ? ts.createSourceFile(path, sample.code, how) : getSourceFile.call(host, path, how);
  };
  const program = ts.createProgram(
    [...samples.keys(), ...["ambient", "nestjs", "vercel"].map((name) => join(root, `test/docs/${name}.d.ts`))],
    options,
    host,
  );
  return [...samples].flatMap(([path, { page, line }]) => {
    const file = program.getSourceFile(path) as ts.SourceFile;
    return ts.getPreEmitDiagnostics(program, file).map(({ start = 0, messageText }) => {
      const within = file.getLineAndCharacterOfPosition(start).line;
      return `${page}:${line + within}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}

/** What docs/migrating.md shows as it was before: the libraries themselves. */
const OTHERS: Record<string, string[]> = Object.fromEntries(
  Object.entries({
    redlock: "redlock5/dist/index.d.ts",
    "redlock-universal": "universal/dist/index.d.ts",
    "redis-semaphore": "redis-semaphore/lib/index.d.ts",
    "simple-redis-mutex": "simple-redis-mutex/dist/index.d.ts",
    "@upstash/lock": "@upstash/lock/dist/index.d.mts",
  }).map(([name, types]) => [name, [join(root, "test/migrating/node_modules", types)]]),
);

/** A sample that another one imports begins with its name in a comment. */
function fileName({ code }: Block, index: number): string {
  return /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `sample-${index}.ts`;
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const sources: Record<string, string> = JSON.parse(read("jsr.json")).exports;
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  return {
    ...options,
    moduleDetection: ts.ModuleDetectionKind.Force,
    // As Node resolves: what passes here passes with a bundler, and the other way round it does not.
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    // A sample shows a part of a program.
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: {
      ...Object.fromEntries(
        Object.entries(sources).map(([subpath, source]) => [subpath.replace(".", "holdfast"), [join(root, source)]]),
      ),
      ...OTHERS,
    },
  };
}
