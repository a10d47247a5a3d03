import type { RetryOptions } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { LockEvent } from "./events.ts";
import type { Signal } from "./signal.ts";

/**
 * Milliseconds as a whole number, or a text: `"250ms"`, `"30s"`, `"30 s"`, `"1.5s"`, `"5m"`, `"1h"`. Each option says its
 * range; `Infinity` is a number, and allowed only where that is said.
 */
export type Duration = number | string;

/** Anything that keeps a runtime alive until a promise has settled: `ctx.waitUntil`, or the `ctx` itself. */
export type WaitUntil = ((promise: Promise<unknown>) => unknown) | { waitUntil(promise: Promise<unknown>): unknown };

/** How to take a lock, and how long to keep it. Every option has a default; `undefined` means "not given". */
export interface AcquireOptions {
  /**
   * After this Redis frees the lock by itself, whatever becomes of the holder: 20 ms to 24 h. Write `"250ms"` for less
   * than a second; a bare number under 1000 is refused, because who writes 30 means seconds.
   * @default "30s"
   */
  ttl?: Duration | undefined;
  /**
   * How long to wait for the lock, whatever happens on the wire. `0` is one attempt, which gets `commandTimeout`;
   * `Infinity` waits for ever.
   * @default "10s"
   */
  wait?: Duration | undefined;
  /**
   * How many requests a wait may send, a whole number from 1 up. Release and renewal do not count. The other defaults send about 18
   * in 10 s; a Worker on the free plan has 50 for everything.
   * @default Infinity
   */
  maxAttempts?: number | undefined;
  /**
   * How long to pause between attempts: {@link RetryOptions}, or a function from the number of the attempt (1, 2, …)
   * to milliseconds. Nobody sleeps past the time at which the holder's lock expires, nor less than 5 ms.
   * @default { min: 50, max: 1000, factor: 2, jitter: 1 }
   */
  retry?: RetryOptions | ((attempt: number) => number) | undefined;
  /**
   * The limit on any one command of any method, 1 ms to 24 h, never above the ttl. After it the outcome of the command
   * is unknown: it is asked again, or the call ends with a `LockBackendError`.
   * @default "5s"
   */
  commandTimeout?: Duration | undefined;
  /**
   * Whether to extend the lock every third of its ttl for as long as it is held.
   * @default true in `request` and `wrap`, false elsewhere
   */
  renew?: boolean | undefined;
  /**
   * Renewal stops here, and the lease is lost, so that a stuck job does not hold for ever. From the ttl up, or
   * `Infinity`. An explicit `extend` is exempt.
   * @default "15m", or the ttl if that is larger
   */
  maxHold?: Duration | undefined;
  /**
   * On release keep the name locked until this long after the grant: a cron tick on instances whose clocks differ runs
   * once. 0 to 24 h; a ttl below it is raised to it.
   * @default 0
   */
  minHold?: Duration | undefined;
  /**
   * First come, first served across all processes: who waits stands in a line in Redis, and a release hands the lock to
   * the first, which it wakes where the transport has messages. So that nobody is overtaken, every holder of the name has
   * to be fair. A waiter that died delays those behind it by 3 s, or by up to 11 s over a transport without messages.
   * Refused over a quorum.
   * @default false
   */
  fair?: boolean | undefined;
  /** Mint a fencing token with each grant. `false` saves commands: on Upstash 2 instead of 6 for a lock and its release. @default true */
  fence?: boolean | undefined;
  /** A label of up to 256 bytes in UTF-8 that `query` and timeout errors show: a host, a job id. No secret. @default none */
  owner?: string | undefined;
  /** Abandons the wait; the call rejects with `signal.reason`. Once granted it has no effect. @default none */
  signal?: Signal | undefined;
  /**
   * Is handed each promise of a background clean-up: the release of what a wait that ended may have been granted. In a
   * Worker: the `ctx`.
   * @default none
   */
  waitUntil?: WaitUntil | undefined;
  /** Only `"exclusive"` for now. @default "exclusive" */
  mode?: "exclusive" | "shared" | undefined;
  /** Only `false` for now; operators have `forceRelease`. @default false */
  steal?: boolean | undefined;
}

/** Options of {@link Locks.request}: those of a lock, and one more. */
export interface RequestOptions extends AcquireOptions {
  /** Do not wait: when another holds the lock, call the callback at once, with `null`. @default false */
  ifAvailable?: boolean | undefined;
}

/** Options of {@link createLocks}: the defaults of every call, and what belongs to all of them. */
export interface LocksOptions extends AcquireOptions {
  /** Put before every name to make the key in Redis: text of up to 1024 bytes in UTF-8, or `""`. @default "lock:" */
  prefix?: string | undefined;
  /** Time, timers and randomness. @default the platform's */
  clock?: Clock | undefined;
  /** Told of everything that happens to a lock, and not waited for. What it throws, or rejects with, is ignored. @default none */
  onEvent?: ((event: LockEvent) => void) | undefined;
}
