import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
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

// TypeScript 7: the same types in a fifth of the time of TypeScript 6.
const tsc = join(root, "node_modules/typescript7/bin/tsc");

function check(blocks: Block[], also: object): string[] {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-samples-"));
  try {
    const samples = new Map(blocks.map((block, index) => [join(folder, fileName(block, index)), block]));
    for (const [path, { code }] of samples) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, code);
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const surroundings = ["ambient", "vercel"].map((name) => join(root, `test/docs/${name}.d.ts`));
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { ...compilerOptions, ...also },
      files: [...samples.keys(), ...surroundings],
      include: [],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [tsc, "-p", folder, "--pretty", "false", "--singleThreaded"],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    const said = `${stdout}${stderr}`.trim();
    if (status === 0) return said ? [said] : [];
    return said.split("\n").map((message) => placed(message, folder, samples));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A message of the compiler with the page and the line of what it is about. */
function placed(message: string, folder: string, samples: ReadonlyMap<string, Block>): string {
  const [, file = "", line, text] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(message) ?? [];
  const sample = samples.get(resolve(folder, file));
  return sample ? `${sample.page}:${sample.line + Number(line) - 1}: ${text}` : message;
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

const NEST: Record<string, string[]> = {
  "@nestjs/common": [join(root, "test/nestjs/node_modules/@nestjs/common/index.d.ts")],
};

const SOURCES: Record<string, string[]> = Object.fromEntries(
  Object.entries(JSON.parse(read("jsr.json")).exports as Record<string, string>).map(([subpath, source]) => [
    subpath.replace(".", "holdfast"),
    [join(root, source)],
  ]),
);

const compilerOptions = {
  moduleDetection: "force",
  // As Node resolves: what passes here passes with a bundler, and the other way round it does not.
  module: "nodenext",
  moduleResolution: "nodenext",
  // A sample shows a part of a program.
  isolatedDeclarations: false,
  declaration: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
  paths: { ...SOURCES, ...OTHERS, ...NEST },
};

/** A sample that another one imports begins with its name in a comment. */
function fileName({ code }: Block, index: number): string {
  return /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `sample-${index}.ts`;
}
