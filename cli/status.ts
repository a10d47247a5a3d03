import { setTimeout as sleep } from "node:timers/promises";
import type { LockSnapshot, Locks } from "holdfast";
import { EXIT, type Exit } from "./exits.ts";
import { duration, type Say, shown, table } from "./say.ts";
import type { Common } from "./session.ts";
import { inSession, milliseconds } from "./session.ts";
import { interruption } from "./signals.ts";

const CLEAR = "\u001b[H\u001b[2J\u001b[3J";

/** The named locks, or all there are, in the order of their names. */
export async function snapshots(locks: Locks, names: readonly string[]): Promise<LockSnapshot[]> {
  if (names.length > 0) return Promise.all(names.map((name) => locks.query(name)));
  const found: LockSnapshot[] = [];
  for await (const snapshot of locks.list()) found.push(snapshot);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A table for people. */
export function tableOf(found: readonly LockSnapshot[]): string {
  const rows = found.map(({ name, held, kept, holders: [holder], remaining }) => [
    shown(name),
    held ? "held" : kept ? "kept" : "free",
    shown(holder?.owner ?? "-"),
    String(holder?.fence ?? "-"),
    held || kept ? duration(remaining) : "-",
  ]);
  return table([["NAME", "STATE", "OWNER", "FENCE", "LEFT"], ...rows]);
}

function print(say: Say, prefix: string, found: LockSnapshot[], names: readonly string[]): void {
  const none = `No lock is held under the prefix ${JSON.stringify(prefix)}.`;
  say.result(found.length > 0 || names.length > 0 ? tableOf(found) : none, { prefix, at: Date.now(), locks: found });
}

export async function status(common: Common, given: string[], options: { watch?: string | true }): Promise<Exit> {
  // `--watch NAME`: what begins with no digit is no interval.
  const named = typeof options.watch === "string" && !/^\d/.test(options.watch) ? [options.watch] : [];
  const names = [...named, ...given];
  const watch = named.length > 0 ? true : options.watch;
  return inSession(common, async ({ say, open }) => {
    const pause = watch ? milliseconds("--watch", watch === true ? "1s" : watch, 100, 86_400_000) : 0;
    const locks = await open({}, names);
    if (!watch) {
      const found = await snapshots(locks, names);
      print(say, common.prefix, found, names);
      return { code: names.length === 0 || found.every(({ held }) => held) ? EXIT.done : EXIT.refused };
    }
    // Being told to stop is how a watch ends, and that nobody reads it any more.
    const { signal: told, ignore } = interruption();
    const over = new AbortController();
    const { signal } = over;
    told.addEventListener("abort", () => over.abort());
    // Node leaves it writable all the same.
    process.stdout.once("error", () => over.abort());
    try {
      while (!signal.aborted) {
        const found = await unlessAborted(snapshots(locks, names), signal);
        if (!found) break;
        if (process.stdout.isTTY && !say.json) process.stdout.write(CLEAR);
        print(say, common.prefix, found, names);
        await sleep(pause, undefined, { signal }).catch(() => {});
      }
      return { code: EXIT.done };
    } finally {
      ignore();
    }
  });
}

/** What the work results in, or nothing once the signal fires, whatever Redis does. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const told = () => resolve(undefined);
    signal.addEventListener("abort", told);
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", told));
  });
}
