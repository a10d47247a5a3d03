import { readFileSync } from "node:fs";
import type { Place, Report, Result } from "../suite/place.ts";

/** What a file of this folder is given: the place of the tests, and the project with the built package. */
export const place: Place = JSON.parse(process.env.HOLDFAST_PLACE ?? "{}");
export const project: string = process.env.HOLDFAST_PROJECT ?? "";

export function print(version: string, results: Result[]): void {
  const report: Report = { version, results };
  process.stdout.write(`\n${JSON.stringify(report)}\n`);
}

/** The version of a runtime that is a dependency of ours. */
export function versionOf(name: string): string {
  return JSON.parse(readFileSync(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), "utf8"))
    .version;
}
