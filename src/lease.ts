import type { Duration } from "./options.ts";
import type { Signal } from "./signal.ts";

/** What {@link Lease.handOver} gives and `locks.restore` takes. Contains the token: whoever has it has the lock. */
export interface SerializedLease {
  /** The name of the lock, without the prefix: the other side needs the same prefix. */
  name: string;
  /** The secret that proves the holding. */
  token: string;
  /** The fencing token, if one was minted. */
  fence?: number | undefined;
  /** The ttl in milliseconds, 20 to 86,400,000, that `extend` and renewal go on with. @default the ttl of the options */
  ttl?: number | undefined;
  /** What is left of `minHold`, in milliseconds. @default the `minHold` of the options */
  minHold?: number | undefined;
  /** Whether a release hands the lock to the first in line. @default the `fair` of the options */
  fair?: boolean | undefined;
}

/**
 * A lock that is held, until it is released, lost, or its time is over. `await using` releases it.
 *
 * @example
 * ```ts
 * await using lease = await locks.acquire("invoice:42");
 * await charge({ invoice: 42, fence: lease.fence, signal: lease.signal });
 * ```
 */
export interface Lease extends AsyncDisposable {
  /** The name of the lock, without the prefix. */
  readonly name: string;

  /** The secret that proves the holding. Not for logs. */
  readonly token: string;

  /** The `owner` label it was taken with; `undefined` if it was none. */
  readonly owner: string | undefined;

  /** Always `"exclusive"` for now. */
  readonly mode: "exclusive";

  /**
   * The fencing token: larger for every later grant of this name, a safe integer. Hand it to the resource, which
   * refuses whatever comes with a smaller one than it has seen.
   * After Martin Kleppmann, "How to do distributed locking", 2016.
   *
   * @throws {LockOptionsError} if none was minted (`fence: false`), so that no `undefined` reaches a database.
   */
  readonly fence: number;

  /**
   * Until when the lock is held if nothing extends it, in whole epoch milliseconds of this machine's clock,
   * conservatively: before Redis frees it. `-Infinity` in a restored lease that was not verified.
   */
  readonly expiresAt: number;

  /** Milliseconds until {@link expiresAt}, with fractions; 0 once the lease has ended, and in a restored lease that was not verified. */
  remaining(): number;

  /**
   * Whether the lock is held: judged anew each time, so it is right on the line after a blocked event loop.
   * What Redis alone can know (a deletion, a failover) it learns at the next renewal, or from {@link verify}.
   */
  readonly held: boolean;

  /**
   * Aborts with a `LockLostError` when the lease is lost, before its ttl lets anyone else in: min(ttl / 10, 25 ms) before
   * the deadline. A release does not abort it.
   */
  readonly signal: Signal;

  /**
   * Extends the lock. Never shortens it. Renewal goes on with the longest ttl that was asked for, and `maxHold` does not
   * limit it.
   *
   * @param ttl From now, 20 ms to 24 h; unless given, the longest that was asked for so far.
   * @returns The new {@link expiresAt}.
   * @throws {LockLostError} if it is no longer held.
   * @throws {LockBackendError} if Redis did not answer in time; the old deadline holds then.
   */
  extend(ttl?: Duration): Promise<number>;

  /**
   * Asks Redis whether the lock is still held. In a Worker this is the way to know: clocks stand still there without
   * I/O. Extends nothing.
   *
   * @returns False when it is over; if it was lost, the signal has fired, too.
   * @throws {LockBackendError} if Redis did not answer in time, which says nothing about the lock.
   */
  verify(): Promise<boolean>;

  /**
   * Gives the lock back; with `minHold` the name stays locked for what is left of that. Called twice it answers the same.
   *
   * @returns True when this holder freed it; false when it was no longer ours, which is no error.
   * @throws {LockBackendError} if Redis did not answer until the deadline. The ttl frees it then.
   */
  release(): Promise<boolean>;

  /** Releases and never throws; what went wrong goes to `onEvent`. */
  [Symbol.asyncDispose](): Promise<void>;

  /**
   * Passes the lock on: what `locks.restore` takes, here or in another process. Afterwards this handle neither renews
   * nor releases, and its `held` is false.
   *
   * @throws {LockLostError} if it is no longer held.
   * @example
   * ```ts
   * const lease = await locks.acquire("import");
   * const message = JSON.stringify(lease.handOver());
   * // In the process that gets the message:
   * await using mine = locks.restore(JSON.parse(message), { renew: true });
   * if (!(await mine.verify())) throw new Error("too late: the lock is no longer held");
   * ```
   */
  handOver(): SerializedLease;

  /** Name, owner, mode and deadline, without the token: safe in a log. What `JSON.stringify` takes. */
  toJSON(): { name: string; owner: string | undefined; mode: "exclusive"; expiresAt: number };
}
