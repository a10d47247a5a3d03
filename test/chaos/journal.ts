import { existsSync, openSync, readFileSync, writeSync } from "node:fs";

/** Milliseconds on the machine's monotonic clock, which every process on it reads alike. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * What a worker believes, and when. Moments are chosen so that what is written is never more than what was believed:
 * a time is read before the question whose answer is yes at that time.
 */
export type Entry =
  /** Held at `at`, and unless renewed until `until`. `asked` is before the request that granted it was sent. */
  | { type: "granted"; at: number; until: number; fence: number; asked: number }
  | { type: "renewed"; fence: number; until: number }
  /** Asked again at `at`, it said that it still holds. */
  | { type: "held"; at: number; fence: number }
  | { type: "lost"; at: number; fence: number; reason: string }
  /** About to release. */
  | { type: "released"; at: number; fence: number }
  /** A call that ended in an error that a user has to expect here. */
  | { type: "refused"; at: number; code: string; text: string }
  /** Something that must not happen. */
  | { type: "broken"; text: string };

/** Each entry is one write to the file, so that what was noted outlives a SIGKILL. */
export function openJournal(path: string): (entry: Entry) => void {
  const file = openSync(path, "a");
  return (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`);
}

export function readJournal(path: string): Entry[] {
  // Who was killed before its first line has none.
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Entry);
}
