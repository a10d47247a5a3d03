import type { LockBackendError, LockLostError, LostReason } from "./errors.ts";

/** What every event has. */
interface Told {
  /** The name of the lock, without the prefix. */
  name: string;
  /** Milliseconds since the call began; of a lease since it was granted, or restored; of a clean-up since that began. */
  ms: number;
  /**
   * Of a wait (`waiting`, `acquired`, `failed` during `acquire`): the requests sent so far. Of a renewal (`renewed`,
   * `failed` during `renew`): which one it is, counted from 1. Otherwise 1.
   */
  attempts: number;
  /** The `owner` label of the lease, or of the caller. */
  owner?: string | undefined;
}

/** Members that the others have are spelt out, so that they can be asked for without narrowing. */
interface Progress extends Told {
  type: "waiting" | "acquired" | "renewed" | "released";
  reason?: undefined;
  during?: undefined;
  error?: undefined;
}

interface Loss extends Told {
  type: "lost";
  reason: LostReason;
  during?: undefined;
  error: LockLostError;
}

interface Failure extends Told {
  type: "failed";
  reason?: undefined;
  during: "acquire" | "renew" | "release" | "clean-up";
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
export type LockEvent = Progress | Loss | Failure;
