import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import ts from "typescript";
import * as decorators from "../../src/decorators.ts";
import type { Invoices } from "./invoices.ts";

const source = await readFile(fileURLToPath(new URL("invoices.ts", import.meta.url)), "utf8");

const byTypeScript = (experimentalDecorators: boolean) => () =>
  ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, experimentalDecorators },
  }).outputText;

const byEsbuild = (experimentalDecorators: boolean) => async () =>
  (
    await transform(source, {
      loader: "ts",
      format: "cjs",
      target: "es2022",
      tsconfigRaw: { compilerOptions: { experimentalDecorators } },
    })
  ).code;

/** What users compile with, standard decorators and the older kind. */
export const COMPILERS: [string, () => string | Promise<string>][] = [
  ["TypeScript", byTypeScript(false)],
  ["TypeScript, experimentalDecorators", byTypeScript(true)],
  ["esbuild", byEsbuild(false)],
  ["esbuild, experimentalDecorators", byEsbuild(true)],
];

export function evaluate(code: string): { Invoices: typeof Invoices } {
  const module = { exports: {} as { Invoices: typeof Invoices } };
  new Function("module", "exports", "require", code)(module, module.exports, () => decorators);
  return module.exports;
}
