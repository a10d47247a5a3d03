import type { Clock, Timer } from "./clock.ts";
import { loading } from "./loading.ts";

/** A clock that stands still until it is told otherwise. Made by {@link virtualClock}. */
export interface VirtualClock extends Clock {
  /**
   * Runs every timer that comes due within `ms` milliseconds, 0 or more, in order, each at its own time; what they started
   * settles between. Rejects after 200,000 timers: something spins.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves on from timer to timer until the promise has settled, then settles as it did. Rejects when no timer is left that
   * could settle it, and after 200,000 timers.
   */
  runUntilSettled<T>(promise: Promise<T>): Promise<T>;
  /** The wall clock is set forward, or back by a negative number, in milliseconds; the monotonic clock and the timers know nothing of it. */
  jumpWall(ms: number): void;
  /** So many milliseconds pass and nothing runs: a blocked event loop. Timers that came due run at the next `advance`, late. */
  block(ms: number): void;
  /** The timers that are still to fire: in Node a referenced one keeps the process alive. */
  readonly pending: {
    /** How many there are. */
    count: number;
    /** Those that would keep a process alive. */
    referenced: number;
    /** Those that would not. */
    unreferenced: number;
  };
}

/** 2026-11-01; the monotonic clock starts elsewhere, so that nobody takes one for the other. */
const EPOCH = 1_793_491_200_000;

/** More timers than any test has: beyond it something spins. */
const MANY = 200_000;

interface Waiting {
  due: number;
  referenced: boolean;
  callback: () => void;
}

/**
 * Time for tests, which passes only as they say: no test waits, and none depends on how busy the machine is.
 * It moves what is in this process: locks over `memory`. A real server keeps its own time.
 *
 * @param seed A whole number. The same one gives the same random numbers and bytes: the same jitter, the same tokens.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createLocks } from "holdfast";
 * import { memory } from "holdfast/memory";
 * import { virtualClock } from "holdfast/testing";
 *
 * const clock = virtualClock();
 * const locks = createLocks(memory({ clock }), { clock });
 * const lease = await locks.acquire("invoice:42", { ttl: "30s" });
 * await clock.advance(30_000);
 * assert.equal(lease.held, false);
 * ```
 */
export function virtualClock(seed = 1): VirtualClock {
  // Taken here, so that fake timers which a test puts in later do not stop this clock.
  const soon = laterThanPromises();
  let mono = 5_000;
  let wall = EPOCH;
  let state = seed;
  const timers = new Set<Waiting>();

  function pass(ms: number): void {
    mono += ms;
    wall += ms;
  }

  /** Of several that are due at the same time the first that was started: a `Set` keeps that order. */
  function earliest(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const timer of timers) if (!first || timer.due < first.due) first = timer;
    return first;
  }

  function fire(timer: Waiting): void {
    timers.delete(timer);
    pass(Math.max(0, timer.due - mono));
    timer.callback();
  }

  // mulberry32 by Tommy Ettinger, public domain.
  function random(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Resolves when no promise has anything left to do. */
  async function settled(): Promise<void> {
    await new Promise<void>(soon);
    if (!loading.size) return;
    await Promise.allSettled(loading);
    await settled();
  }

  return {
    now: () => wall,
    monotonic: () => mono,
    timer(ms, callback): Timer {
      if (Number.isNaN(ms)) throw new Error("a timer of NaN milliseconds");
      const timer = { due: mono + Math.max(0, ms), referenced: true, callback };
      timers.add(timer);
      return {
        cancel: () => void timers.delete(timer),
        unref: () => {
          timer.referenced = false;
        },
      };
    },
    random,
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),

    async advance(ms) {
      const until = mono + ms;
      await settled();
      for (let fired = 0; ; fired++) {
        if (fired > MANY) throw new Error(`more than ${MANY} timers within ${ms} ms`);
        const next = earliest();
        if (!next || next.due > until) break;
        fire(next);
        await settled();
      }
      pass(until - mono);
    },

    async runUntilSettled(promise) {
      let done = false;
      const end = () => {
        done = true;
      };
      promise.then(end, end);
      await settled();
      for (let fired = 0; !done; fired++) {
        if (fired > MANY) throw new Error(`not settled after ${MANY} timers`);
        const next = earliest();
        if (!next) throw new Error("the promise is pending, and no timer is left that could settle it");
        fire(next);
        await settled();
      }
      return promise;
    },

    jumpWall(ms) {
      wall += ms;
    },
    block: pass,
    get pending() {
      const referenced = [...timers].filter((timer) => timer.referenced).length;
      return { count: timers.size, referenced, unreferenced: timers.size - referenced };
    },
  };
}

/**
 * Calls back in a later macrotask: before that the queue of microtasks is emptied. `setImmediate` where there is one,
 * because timers are at least a millisecond late.
 */
function laterThanPromises(): (callback: () => void) => unknown {
  const { setImmediate, setTimeout } = globalThis as { setImmediate?: Later; setTimeout: Later };
  return (callback) => (setImmediate ?? setTimeout)(callback);
}

type Later = (callback: () => void) => unknown;
