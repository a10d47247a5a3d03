export type { RetryOptions } from "./backoff.ts";
export type { Clock, Timer } from "./clock.ts";
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
export type { LockEvent } from "./events.ts";
export type { Lease, SerializedLease } from "./lease.ts";
export type { Locks, WrapOptions } from "./locks.ts";
export { createLocks } from "./locks.ts";
export type { AcquireOptions, Duration, LocksOptions, RequestOptions, WaitUntil } from "./options.ts";
export type { LockHolder, LockSnapshot } from "./query.ts";
export type { Transport, Wakeups } from "./transport.ts";
