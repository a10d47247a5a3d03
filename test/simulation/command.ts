import { createHash } from "node:crypto";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "../../src/scripts.ts";

/** What a command asks, whatever words it came in. */
export interface Meaning {
  kind: "set" | "acquire" | "extend" | "verify" | "release" | "delete-if" | "force" | "query" | "scan";
  /** Keys of the lock and of its record; none for a scan. */
  lock: string;
  record: string;
  token: string;
  /** The arguments after the token. */
  more: string[];
}

const KINDS = { acquire: ACQUIRE, extend: EXTEND, release: RELEASE, force: FORCE, query: QUERY, scan: SCAN };
const BY_NAME = new Map<string, keyof typeof KINDS>();
for (const [kind, script] of Object.entries(KINDS) as [keyof typeof KINDS, string][]) {
  BY_NAME.set(script, kind);
  BY_NAME.set(createHash("sha1").update(script).digest("hex"), kind);
}

export const recordOf = (lock: string): string => `fence.7t5:${lock}`;

export function meaningOf([name, first = "", second = "", ...rest]: readonly string[]): Meaning {
  if (name === "SET")
    return { kind: "set", lock: first, record: recordOf(first), token: second, more: [rest[2] ?? ""] };
  if (name === "DELEX")
    return { kind: "delete-if", lock: first, record: recordOf(first), token: rest[0] ?? "", more: [] };
  const kind = BY_NAME.get(first);
  if (!kind) throw new Error(`an unknown command: ${name}`);
  const count = Number(second);
  const [lock = "", record = ""] = rest.slice(0, count);
  const [token = "", ...more] = rest.slice(count);
  return { kind: kind === "extend" && !more[0] ? "verify" : kind, lock, record, token, more };
}
