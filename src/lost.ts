import type { LostReason } from "./errors.ts";
import { LockLostError } from "./errors.ts";

const EXPLAINED: Record<LostReason, string> = {
  expired: "its time ran out. Take a longer ttl, use renew, or do not block the event loop",
  unreachable: "its time ran out while Redis did not answer",
  deleted: "its key was gone. Look for eviction, a failover or a DEL",
  taken: "somebody else took it",
  "max-hold": "it was held for maxHold. Raise that, or extend()",
  closed: "close() was called",
};

/** The error of a lease that is over. */
export function lostError(lockName: string, reason: LostReason, result?: unknown, why?: string): LockLostError {
  const text = `The lock ${JSON.stringify(lockName)} was lost: ${why ?? EXPLAINED[reason]}.`;
  return new LockLostError(text, { lockName, reason, result });
}
