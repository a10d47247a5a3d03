/** A timer that was started by {@link Clock.timer}. */
export interface Timer {
  /** Stops it; its function will not be called. */
  cancel(): void;
  /** Lets a Node process end although this timer is pending. Does nothing elsewhere. */
  unref(): void;
}

/**
 * Time, timers and randomness in one object, so that a test can put all of them under its control.
 * The platform's is the default; a virtual one is for tests.
 *
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { memory } from "holdfast/memory";
 * import { virtualClock } from "holdfast/testing";
 *
 * const clock = virtualClock();
 * const locks = createLocks(memory({ clock }), { clock });
 * ```
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start, fractions allowed. Never goes back; may stand still (in a Worker it does without I/O). */
  monotonic(): number;
  /**
   * Calls `callback` once after at least `ms` milliseconds (0 or more, fractions allowed), or earlier when `ms` is above
   * 2^31 - 1.
   */
  timer(ms: number, callback: () => void): Timer;
  /** A number from 0 up to, not including, 1. For jitter only. */
  random(): number;
  /** So many cryptographically strong random bytes, for tokens. Never called at import, only when a lock is asked for. */
  randomBytes(length: number): Uint8Array;
}

/** Longer timers fire at once almost everywhere. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The globals are read at each call, never at import: Workers forbid that, and fake timers replace them. */
export const platformClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, callback) {
    const handle: unknown = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER));
    return {
      cancel: () => clearTimeout(handle as number),
      unref: () => (handle as { unref?: () => void }).unref?.(),
    };
  },
  random: () => Math.random(),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
