import { parseArgs } from "node:util";
import type { Suite } from "./suite.ts";

export interface Choice {
  suite: string;
  /** A share of the turns of a full run. */
  scale: number;
  only: string;
  json: string | undefined;
  help: boolean;
}

export function usage(suites: readonly Pick<Suite, "name" | "summary">[]): string {
  const list = suites.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`).join("\n");
  return `Measures this package beside its peers, in turns, on Redis servers of its own.

usage: npm run bench -- <suite> [options]

${list}

  --only <text>   only the parts whose title contains this
  --scale <n>     a share of the turns of a full run, above 0: 0.1 is a quick look
  --json <file>   writes the figures there as well
  --help          this text`;
}

/** @throws if the command line cannot be meant. */
export function readArguments(args: string[], suites: readonly string[]): Choice {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { only: text, scale: text, json: text, help: flag },
  });
  const scale = Number(values.scale ?? 1);
  if (!(scale > 0)) throw new Error("--scale takes a number above 0");
  const [suite = "", ...more] = positionals;
  if (!values.help) {
    if (more.length) throw new Error("one suite at a time");
    if (!suites.includes(suite)) throw new Error(suite ? `there is no suite "${suite}"` : "which suite?");
  }
  return { suite, scale, only: values.only ?? "", json: values.json, help: values.help };
}
