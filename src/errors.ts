/** Why a lease was lost; {@link LockLostError.reason} explains each. */
export type LostReason = "expired" | "deleted" | "taken" | "unreachable" | "max-hold" | "closed";

/** The `code` of every error of this library; {@link LockErrorByCode} has the class of each. */
export type LockErrorCode = "TIMEOUT" | "LOST" | "BACKEND" | "OPTIONS" | "CLOSED";

/** Shared by every copy of this package in one program, so that ESM, CJS and other realms know one another's errors. */
const BRAND: symbol = /* @__PURE__ */ Symbol.for("holdfast");

/**
 * What all errors of this library have in common. Narrow with {@link isLockError}. No message, and no `cause`, contains a
 * token or a credential.
 */
export abstract class LockError extends Error {
  /** The name of its class, as it is printed in front of the message. */
  abstract override readonly name: string;
  /** Which kind of error it is. */
  abstract readonly code: LockErrorCode;
  /** The name of the lock, without the prefix; `undefined` where the error belongs to none. */
  declare readonly lockName: string | undefined;

  /** @internal Made by the library alone. */
  constructor(message: string, fields: object = {}) {
    super(message, fields);
    Object.assign(this, fields);
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/**
 * Others held the lock for as long as the caller was willing to wait (`wait`, `maxAttempts`). Redis said so during this
 * wait: it is never an outage. Wait longer, or try again later.
 */
export class LockTimeoutError extends LockError {
  override readonly name = "LockTimeoutError";
  readonly code = "TIMEOUT";
  /** Milliseconds spent waiting, a whole number. */
  declare readonly waited: number;
  /** Requests sent while waiting, 1 or more. */
  declare readonly attempts: number;
  /** The `owner` label of the last holder seen; `undefined` if it has none. */
  declare readonly holder: string | undefined;
}

/**
 * The lock was held, and is no longer: whatever it protected is unprotected from here on. Stop the work, and refuse what
 * it still writes by its fence. The reason of an aborted {@link Lease.signal} is one, too.
 */
export class LockLostError extends LockError {
  override readonly name = "LockLostError";
  readonly code = "LOST";
  /**
   * - `expired`: its time ran out without a renewal (none was wanted, or this process was blocked);
   * - `unreachable`: its time ran out while renewals failed;
   * - `deleted`: the key was gone, though its time was not over;
   * - `taken`: somebody else has it, by force or after a deletion;
   * - `max-hold`: it was held for `maxHold`;
   * - `closed`: `locks.close()`.
   */
  declare readonly reason: LostReason;
  /** What the callback of `request` returned, if it returned normally after the loss; otherwise `undefined`. */
  declare readonly result: unknown;
}

/**
 * Redis could not be reached, did not answer in time, refused, or answered with something that is no answer. `cause` has
 * what the client said. What was asked may have been done: whatever may have been granted is given back in the background.
 */
export class LockBackendError extends LockError {
  override readonly name = "LockBackendError";
  readonly code = "BACKEND";
  /** What went wrong: one error, or one for each store of a quorum, by position. Cleaned of tokens and credentials. */
  declare readonly errors: readonly Error[];
}

/** An option, a name or a call that cannot be right. The message has what was given, and the range. Nothing was sent to Redis. */
export class LockOptionsError extends LockError {
  override readonly name = "LockOptionsError";
  readonly code = "OPTIONS";
}

/** `close()` was called, on these locks or on others that `withOptions` made of the same. */
export class LockClosedError extends LockError {
  override readonly name = "LockClosedError";
  readonly code = "CLOSED";
}

/** Each code with its class. */
export interface LockErrorByCode {
  /** Busy: others held the lock for all of the wait. */
  TIMEOUT: LockTimeoutError;
  /** The lock was held, and is no longer. */
  LOST: LockLostError;
  /** An outage, or a refusal by Redis. */
  BACKEND: LockBackendError;
  /** Wrong use. */
  OPTIONS: LockOptionsError;
  /** `close()` was called. */
  CLOSED: LockClosedError;
}

/**
 * Whether a caught value is an error of this library, of whatever kind. Works across ESM and CJS copies of the package
 * and across realms, where `instanceof` does not.
 *
 * @param error Anything, as `catch` has it.
 * @example
 * ```ts
 * import { isLockError } from "holdfast";
 *
 * try {
 *   await locks.request("invoice:42", (lease) => charge({ invoice: 42, fence: lease.fence }));
 * } catch (error) {
 *   if (!isLockError(error, "TIMEOUT")) throw error;
 *   console.warn(`busy, held by ${error.holder ?? "another"}`);
 * }
 * ```
 */
export function isLockError(error: unknown): error is LockErrorByCode[LockErrorCode];
/**
 * Whether a caught value is the error of this library that has this code.
 *
 * @param code The one kind that is meant: `"TIMEOUT"`, `"LOST"`, `"BACKEND"`, `"OPTIONS"` or `"CLOSED"`.
 */
export function isLockError<Code extends LockErrorCode>(error: unknown, code: Code): error is LockErrorByCode[Code];
export function isLockError(error: unknown, code?: LockErrorCode): boolean {
  const { [BRAND]: ours, code: own } = Object(error);
  return ours === true && (!code || own === code);
}
