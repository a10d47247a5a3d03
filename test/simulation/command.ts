import { createHash } from "node:crypto";
import { HAND } from "../../src/hand-over-scripts.ts";
import { JOIN, PASS } from "../../src/queue-scripts.ts";
import { GIVE, KEEP, LOOK, MEND, VOTE } from "../../src/quorum-scripts.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "../../src/scripts.ts";

/** What a command asks, whatever words it came in. */
export interface Meaning {
  kind:
    | "set"
    | "acquire"
    | "extend"
    | "verify"
    | "release"
    | "delete-if"
    | "force"
    | "query"
    | "scan"
    | "vote"
    | "keep"
    | "ask"
    | "raise"
    | "repair"
    | "give"
    | "look"
    | "join"
    | "pass"
    | "hand";
  /** Keys of the lock and of its record; none for a scan. */
  lock: string;
  record: string;
  token: string;
  /** The arguments after the token. */
  more: string[];
  /** The third key, where there is one: a waiting line, or a mark. */
  third?: string | undefined;
}

const KINDS = {
  acquire: ACQUIRE,
  extend: EXTEND,
  release: RELEASE,
  force: FORCE,
  query: QUERY,
  scan: SCAN,
  vote: VOTE,
  keep: KEEP,
  repair: MEND,
  give: GIVE,
  look: LOOK,
  join: JOIN,
  pass: PASS,
  hand: HAND,
};
/** What a script is without a ttl. */
const WITHOUT_TTL: Partial<Record<Meaning["kind"], Meaning["kind"]>> = {
  extend: "verify",
  keep: "ask",
  repair: "raise",
};
const BY_NAME = new Map<string, keyof typeof KINDS>();
for (const [kind, script] of Object.entries(KINDS) as [keyof typeof KINDS, string][]) {
  BY_NAME.set(script, kind);
  BY_NAME.set(createHash("sha1").update(script).digest("hex"), kind);
}

/** The label in a token. */
export const labelOf = (token: string): string => token.replace(/^\S* ?/, "");

export const recordOf = (lock: string): string => `fence.7t5:${lock}`;

export function meaningOf([name, first = "", second = "", ...rest]: readonly string[]): Meaning {
  if (name === "SET")
    return { kind: "set", lock: first, record: recordOf(first), token: second, more: [rest[2] ?? ""] };
  if (name === "DELEX")
    return { kind: "delete-if", lock: first, record: recordOf(first), token: rest[0] ?? "", more: [] };
  const kind = BY_NAME.get(first);
  if (!kind) throw new Error(`an unknown command: ${name}`);
  const count = Number(second);
  const [lock = "", record = "", third] = rest.slice(0, count);
  const [token = "", ...more] = rest.slice(count);
  return { kind: (!more[0] && WITHOUT_TTL[kind]) || kind, lock, record, token, more, third };
}
