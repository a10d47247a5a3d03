import { redact } from "./redact.ts";

/** What a script answered. */
export interface Answer {
  outcome: string;
  /** Milliseconds until the key expires; -1 where that is unknown, not asked for, or never. */
  left: number;
  fence: number | undefined;
  /** The owner's label, or, where asked for, the whole value. */
  value: string;
}

/** Integers may come as texts (ioredis' `stringNumbers`), texts of digits as integers (`@upstash/redis`). */
function integer(field: unknown): number {
  return typeof field !== "object" && /^-?\d{1,16}$/.test(`${field}`) ? Number(field) : Number.NaN;
}

/** Reads a reply, strictly: anything but one of the outcomes that this script can have is no answer. */
export function parseAnswer(reply: unknown, outcomes: string): Answer {
  const [outcome, time, minted, value, more] = Array.isArray(reply) ? reply : [];
  const left = integer(time);
  const fence = minted === "" ? undefined : integer(minted);
  const known = outcomes.split(" ").includes(outcome) && more === undefined;
  if (
    known &&
    left >= -1 &&
    (fence ?? 1) > 0 &&
    (fence ?? 1) <= Number.MAX_SAFE_INTEGER &&
    typeof value === "string" &&
    value[0] === "="
  ) {
    return { outcome, left, fence, value: value.slice(1) };
  }
  throw malformed(reply);
}

/** A reply that is no answer counts as none: the outcome is unknown. */
export function malformed(reply: unknown): Error {
  // Redacted before it is cut: half a token would not be recognised as one.
  return new Error(`not an answer: ${redact(`${JSON.stringify(reply)}`).slice(0, 80)}`);
}
