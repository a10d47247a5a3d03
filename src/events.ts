import type { LockBackendError, LockLostError, LostReason } from "./errors.ts";

/** What every {@link LockEvent} has. */
export interface LockEventBase {
  /** The name of the lock, without the prefix. */
  name: string;
  /**
   * Milliseconds, with fractions: since the call began; of a lease since it was granted, or restored; of a clean-up
   * since that began.
   */
  ms: number;
  /**
   * Of a wait (`waiting`, `acquired`, `failed` during `acquire`): the requests sent so far. Of a renewal (`renewed`,
   * `failed` during `renew`): which one it is, counted from 1. Otherwise 1.
   */
  attempts: number;
  /** The `owner` label of the lease, or of the caller. */
  owner?: string | undefined;
}

// Members that the others have are spelt out, so that they can be asked for without narrowing.

/** What goes as it should. */
export interface LockProgressEvent extends LockEventBase {
  /** What happened; {@link LockEvent} says when each is told. */
  type: "waiting" | "acquired" | "renewed" | "released";
  /** Never: only a loss has it. */
  reason?: undefined;
  /** Never: only a failure has it. */
  during?: undefined;
  /** Never: a loss and a failure have it. */
  error?: undefined;
}

/** A lease ended before it was released. */
export interface LockLossEvent extends LockEventBase {
  /** Tells it from the other events. */
  type: "lost";
  /** Why it ended. */
  reason: LostReason;
  /** Never: only a failure has it. */
  during?: undefined;
  /** What the lease's `signal` aborts with. */
  error: LockLostError;
}

/** Redis did not do what was asked. */
export interface LockFailureEvent extends LockEventBase {
  /** Tells it from the other events. */
  type: "failed";
  /** Never: only a loss has it. */
  reason?: undefined;
  /** What was asked: `clean-up` is the release, in the background, of what a wait that ended may have been granted. */
  during: "acquire" | "renew" | "release" | "clean-up";
  /** What went wrong. */
  error: LockBackendError;
}

/**
 * What happened to a lock. Never carries a token. Narrow by `type`:
 *
 * - `waiting`: another holds it. Once in a call, which then waits, or, if it is not to wait, ends;
 * - `acquired`: granted, after `ms` of waiting and `attempts` requests;
 * - `renewed`: extended automatically; an explicit `extend` is none;
 * - `released`: given up, after `ms` of holding;
 * - `lost`: it ended before it was released, after `ms` of holding; `reason` and `error` say why. A `released` may
 *   follow: there is still something to give back when the reason is `max-hold` or `closed`;
 * - `failed`: Redis did not do what was asked, `during` says in what; `error` says why.
 *
 * A wait that ends without the lock (its time is over, or it was aborted) is no event: the caller has the error.
 */
export type LockEvent = LockProgressEvent | LockLossEvent | LockFailureEvent;
