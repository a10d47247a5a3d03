import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { blocksOf, read, root } from "../docs/markdown.ts";

export interface Compiled {
  /** The module. */
  file: string;
  remove(): void;
}

const INSTALLED = {
  "@nestjs": "test/nestjs/node_modules/@nestjs",
  ioredis: "node_modules/ioredis",
  holdfast: ".",
};

/** The sample of docs/nestjs.md as Nest's own command compiles it, with what it imports beside it; the package as it is built. */
export function compiledSample(): Compiled {
  const [sample] = blocksOf({ path: "docs/nestjs.md", text: read("docs/nestjs.md") });
  const { outputText } = ts.transpileModule(sample?.code ?? "", {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "holdfast-nestjs-"));
  mkdirSync(join(folder, "node_modules"));
  for (const [name, from] of Object.entries(INSTALLED))
    symlinkSync(join(root, from), join(folder, "node_modules", name), "junction");
  const file = join(folder, "invoices.mjs");
  writeFileSync(file, outputText);
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}
