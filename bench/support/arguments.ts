import { parseArgs } from "node:util";
import type { Suite } from "./suite.ts";

export interface Choice {
  suites: string[];
  /** A share of the turns of a full run. */
  scale: number;
  only: string;
  quick: boolean;
  json: string | undefined;
  /** A JSON file of an earlier run, to be shown, written or drawn instead of a new one. */
  from: string | undefined;
  write: boolean;
  chart: boolean;
  help: boolean;
}

export function usage(suites: readonly Pick<Suite, "name" | "summary">[]): string {
  const list = suites.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`).join("\n");
  return `Measures this package beside its peers, in turns, on Redis servers of its own.

usage: npm run bench -- [suite ...] [options]      without a suite: all of them

${list}

  --only <text>   only the parts of a suite whose title contains this
  --scale <n>     a share of the turns of a full run, above 0: 0.1 is a quick look
  --quick         as little of everything as shows that it works; the figures mean nothing
  --json <file>   writes the figures there as well
  --write         writes the tables into docs/bench.md
  --chart         draws docs/bench.svg, of the suite "processes"
  --from <file>   takes the figures from a file that --json wrote, and measures nothing
  --help          this text`;
}

/** @throws if the command line cannot be meant. */
export function readArguments(args: string[], suites: readonly string[]): Choice {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ only: text, scale: text, json: text, from: text },
      ...{ quick: flag, write: flag, chart: flag, help: flag },
    },
  });
  const scale = Number(values.scale ?? 1);
  if (!(scale > 0)) throw new Error("--scale takes a number above 0");
  const unknown = positionals.find((suite) => !suites.includes(suite));
  if (unknown !== undefined) throw new Error(`there is no suite "${unknown}"`);
  const { json, from, quick, write, chart, help } = values;
  if (quick && (write || chart)) throw new Error("--quick gives no figures to publish");
  return { suites: positionals, scale, only: values.only ?? "", quick, json, from, write, chart, help };
}
