/** Why a lease was lost. */
export type LostReason = "expired" | "deleted" | "taken" | "unreachable" | "max-hold" | "closed";

/** The `code` of every error of this library. */
export type LockErrorCode = "TIMEOUT" | "LOST" | "BACKEND" | "OPTIONS" | "CLOSED";

/** Shared by every copy of this package in one program, so that ESM, CJS and other realms know one another's errors. */
const BRAND: symbol = /* @__PURE__ */ Symbol.for("holdfast");

/** What all errors of this library have in common. Narrow with {@link isLockError}. */
export abstract class LockError extends Error {
  /** Which kind of error it is. */
  abstract readonly code: LockErrorCode;
  /** The name of the lock, without the prefix, where the error belongs to one. */
  declare readonly lockName: string | undefined;

  constructor(message: string, fields: object = {}) {
    super(message, fields);
    Object.assign(this, fields);
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Others held the lock for as long as the caller was willing to wait. Redis said so: this is never an outage. */
export class LockTimeoutError extends LockError {
  override readonly name = "LockTimeoutError";
  readonly code = "TIMEOUT";
  /** Milliseconds spent waiting. */
  declare readonly waited: number;
  /** Requests sent while waiting. */
  declare readonly attempts: number;
  /** The `owner` label of the last holder seen, if it has one. */
  declare readonly holder: string | undefined;
}

/** The lock was held, and is no longer: whatever it protected is unprotected from here on. */
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
  /** What the callback of `request` returned, if it returned normally after the loss. */
  declare readonly result: unknown;
}

/** Redis could not be reached, refused, or answered with something that is no answer. `cause` has the details. */
export class LockBackendError extends LockError {
  override readonly name = "LockBackendError";
  readonly code = "BACKEND";
  /** What went wrong, one per store when there are several, by position. Cleaned of tokens and credentials. */
  declare readonly errors: readonly Error[];
}

/** An option, a name or a call that cannot be right. Nothing was sent to Redis. */
export class LockOptionsError extends LockError {
  override readonly name = "LockOptionsError";
  readonly code = "OPTIONS";
}

/** `close()` was called on this `locks`. */
export class LockClosedError extends LockError {
  override readonly name = "LockClosedError";
  readonly code = "CLOSED";
}

/** Each code with its class. */
export interface LockErrorByCode {
  TIMEOUT: LockTimeoutError;
  LOST: LockLostError;
  BACKEND: LockBackendError;
  OPTIONS: LockOptionsError;
  CLOSED: LockClosedError;
}

/**
 * Whether a caught value is an error of this library, or the one with the given code. Works across ESM and CJS copies
 * and across realms, where `instanceof` does not.
 *
 * @example
 * ```ts
 * try {
 *   await locks.request("invoice:42", charge);
 * } catch (error) {
 *   if (isLockError(error, "TIMEOUT")) return busy(error.holder);
 *   throw error;
 * }
 * ```
 */
export function isLockError(error: unknown): error is LockErrorByCode[LockErrorCode];
export function isLockError<Code extends LockErrorCode>(error: unknown, code: Code): error is LockErrorByCode[Code];
export function isLockError(error: unknown, code?: LockErrorCode): boolean {
  const { [BRAND]: ours, code: own } = Object(error);
  return ours === true && (!code || own === code);
}
