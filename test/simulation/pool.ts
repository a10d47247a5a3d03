import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Sum } from "./batch.ts";
import { add } from "./batch.ts";

export interface Range {
  /** The first seed, and the one after the last. */
  from: number;
  to: number;
  regime: "kept" | "broken" | undefined;
  /** How many servers, in turns. */
  stores: readonly number[];
  /** Only worlds in which callers contend, or none. */
  contended?: boolean | undefined;
}

/** What one of several processes does of a range. */
export interface Share extends Range {
  at: number;
  of: number;
}

/** Pairs of neighbours go to one process, so that each process gets as much of either regime. */
export function* seedsOf({ from, to, at, of }: Share): Generator<number> {
  for (let pair = from + 2 * at; pair < to; pair += 2 * of) {
    yield pair;
    if (pair + 1 < to) yield pair + 1;
  }
}

/** Runs a range of seeds in a process for each core, and tells of every piece that is done. */
export async function runInPool(range: Range, told: (total: Sum) => void): Promise<Sum> {
  const total: Sum = { seeds: 0, failed: [], tally: {} };
  const of = Math.max(1, Math.min(availableParallelism(), Math.ceil((range.to - range.from) / 2)));
  const worker = new URL("./worker.ts", import.meta.url);
  const children = Array.from({ length: of }, () => fork(worker, { stdio: "inherit" }));
  try {
    await Promise.all(
      children.map((child, at) =>
        finish(child, { ...range, at, of }, (sum) => {
          add(total, sum);
          told(total);
        }),
      ),
    );
  } finally {
    for (const child of children) child.kill();
  }
  total.failed.sort((one, other) => one.seed - other.seed);
  return total;
}

function finish(child: ChildProcess, share: Share, told: (sum: Sum) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on("message", told);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`a process of the simulation ended by ${signal ?? `exit code ${code}`}`));
    });
    child.send(share);
  });
}
