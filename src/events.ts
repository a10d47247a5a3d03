import type { LockError, LostReason } from "./errors.ts";

/**
 * What happened to a lock. Never carries a token.
 *
 * - `waiting`: another holds it, the caller starts to wait;
 * - `acquired`: granted, after `ms` of waiting and `attempts` requests;
 * - `renewed`: extended automatically;
 * - `released`: given up, after `ms` of holding;
 * - `lost`: it ended before it was released, after `ms` of holding;
 * - `failed`: Redis did not do what was asked, `during` says in what; `error` says why.
 */
export interface LockEvent {
  type: "waiting" | "acquired" | "renewed" | "released" | "lost" | "failed";
  /** The name of the lock, without the prefix. */
  name: string;
  /** Milliseconds since the call began, or, of a lease, since it was granted. */
  ms: number;
  /** Requests sent for it. */
  attempts: number;
  /** The caller's `owner` label. */
  owner?: string | undefined;
  /** For `lost`. */
  reason?: LostReason;
  /** For `failed`. */
  during?: "acquire" | "renew" | "release" | "clean-up";
  /** For `failed` and `lost`. */
  error?: LockError;
}
