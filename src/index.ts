/**
 * The locks themselves: {@link createLocks}, what it gives, its options, errors and events, and the port of a transport.
 * Every other module adds to it: first of all an adapter, for the transport.
 *
 * @module holdfast
 */
export type { RetryOptions } from "./backoff.ts";
export type { Clock, Timer } from "./clock.ts";
export { createLocks } from "./create-locks.ts";
export type { LockErrorByCode, LockErrorCode, LostReason } from "./errors.ts";
export {
  isLockError,
  LockBackendError,
  LockClosedError,
  LockError,
  LockLostError,
  LockOptionsError,
  LockTimeoutError,
} from "./errors.ts";
export type { LockEvent, LockEventBase, LockFailureEvent, LockLossEvent, LockProgressEvent } from "./events.ts";
export type { Lease, SerializedLease } from "./lease.ts";
export type { Locks, WrapOptions } from "./locks.ts";
export type { AcquireOptions, Duration, LocksOptions, RequestOptions, WaitUntil } from "./options.ts";
export type { LockHolder, LockSnapshot } from "./query.ts";
export type { AbortSignalLike, Signal } from "./signal.ts";
export type { Transport, Wakeups } from "./transport.ts";
