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
  const value = typeof field === "string" && /^-?\d{1,16}$/.test(field) ? Number(field) : field;
  return Number.isSafeInteger(value) ? (value as number) : Number.NaN;
}

/** Reads a reply, strictly: anything but one of the outcomes that this script can have is `undefined`. */
export function parseAnswer(reply: unknown, outcomes: readonly string[]): Answer | undefined {
  if (!Array.isArray(reply) || reply.length !== 4) return undefined;
  const [outcome, left, minted, value] = reply as unknown[];
  const ms = integer(left);
  const fence = minted === "" ? undefined : integer(minted);
  const valid = outcomes.includes(outcome as string) && ms >= -1 && (fence === undefined || fence > 0);
  if (!valid || typeof value !== "string" || value[0] !== "=") return undefined;
  return { outcome: outcome as string, left: ms, fence, value: value.slice(1) };
}
