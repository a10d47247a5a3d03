import type { Instant } from "./deadline.ts";
import { redact } from "./redact.ts";

/** What a script answered. */
export interface Answer {
  outcome: string;
  /** Milliseconds until the key expires; -1 where that is unknown, not asked for, or never. */
  left: number;
  fence: number | undefined;
  /** The owner's label, or, where asked for, the whole value. */
  label: string;
}

/** An answer, and the moment just before its request was sent, on both clocks: deadlines count from there. */
export interface Stamped extends Answer, Instant {}

/**
 * Reads a reply, strictly: anything but one of the outcomes that this script can have is no answer. Integers may come
 * as texts (ioredis' `stringNumbers`), texts of digits as integers (`@upstash/redis`).
 */
export function parseAnswer(reply: unknown, outcomes: string): Answer {
  const [, outcome = " ", left, minted] =
    /^\["(\w+)","?(-1|\d{1,16})"?,"?([1-9]\d*|)"?,"=/.exec(JSON.stringify(reply)) ?? [];
  const fence = Number(minted) || undefined;
  const { length, 3: text } = Object(reply);
  if (!outcomes.split(" ").includes(outcome) || length !== 4 || !Number.isSafeInteger(fence ?? 1))
    throw malformed(reply);
  return { outcome, left: Number(left), fence, label: text.slice(1) };
}

/** A reply that is no answer counts as none: the outcome is unknown. */
export function malformed(reply: unknown): Error {
  // Redacted before it is cut: half a token would not be recognised as one.
  return new Error(`not an answer: ${redact(`${JSON.stringify(reply)}`).slice(0, 80)}`);
}
