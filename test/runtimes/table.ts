import { readFileSync, writeFileSync } from "node:fs";
import { nameOf, RUNTIMES, type Runtime } from "./list.ts";
import { groupsOf } from "./verdict.ts";

const README = new URL("../../README.md", import.meta.url);
const BEGIN = "<!-- runtimes: written by `node test/runtimes/run.ts --write` -->";
const END = "<!-- /runtimes -->";

const TRANSPORTS = ["memory", "REST", "ioredis", "node-redis"];

function row(runtime: Runtime): string {
  const transports = groupsOf(runtime).filter((group) => TRANSPORTS.includes(group));
  const cells = [nameOf(runtime), runtime.package, transports.join(", "), runtime.lacks.join(", ") || "nothing"];
  return `| ${cells.join(" | ")} |`;
}

function table(): string {
  const head = [
    "| runtime | package as | conformance suite over | lacks, and is seen to do without |",
    "|---|---|---|---|",
  ];
  return [BEGIN, "", ...head, ...RUNTIMES.map(row), "", END].join("\n");
}

function withTable(text: string): string {
  const [before, rest] = text.split(BEGIN) as [string, string?];
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`README.md has no place for the table: ${BEGIN} and ${END}`);
  return before + table() + after;
}

export function tableIsCurrent(): boolean {
  const text = readFileSync(README, "utf8");
  return withTable(text) === text;
}

export function writeTable(): void {
  writeFileSync(README, withTable(readFileSync(README, "utf8")));
}
