import { parseArgs } from "node:util";

export const USAGE = `Holders and waiters in several processes, while processes, the network and Redis fail.

usage: npm run chaos [-- options]

  --minutes <n>   starts scenarios, round after round, for this long; the first round is always
                  finished (default 10)
  --only <text>   only the scenarios whose name contains this
  --seed <n>      of the first scenario, counted on from there; printed with each
  --soak <s>      instead: hundreds of waiters for this many seconds, and what grows meanwhile
  --waiters <n>   how many of them (default 300)
  --list          the names of the scenarios
  --help          this text

A seed decides what is done in which order. The moments at which processes get a core it does not.`;

export interface Choice {
  minutes: number;
  only: string;
  seed: number;
  soak: number;
  waiters: number;
  list: boolean;
  help: boolean;
}

/** @throws if the command line cannot be meant. */
export function readArguments(args: string[]): Choice {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args,
    options: { minutes: text, only: text, seed: text, soak: text, waiters: text, list: flag, help: flag },
  });
  const number = (name: "minutes" | "seed" | "soak" | "waiters", otherwise: number) => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (!(value >= 0)) throw new Error(`--${name} takes a number`);
    return value;
  };
  return {
    minutes: number("minutes", 10),
    only: values.only ?? "",
    seed: number("seed", Math.floor(Math.random() * 1e9)),
    soak: number("soak", 0),
    waiters: number("waiters", 300),
    list: values.list,
    help: values.help,
  };
}
