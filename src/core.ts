import type { Clock, Timer } from "./clock.ts";
import type { LockEvent } from "./events.ts";
import type { Hold } from "./hold.ts";
import type { Store } from "./store.ts";

/** Something that `close` waits for, and the moment after which nobody needs to. */
export interface Pending {
  until: number;
  over: Promise<unknown>;
}

/** A wait that `close` can end. */
export interface Interruptible extends Pending {
  interrupt(reason: unknown): void;
}

/** A piece of work that nobody waits for. */
export interface Task extends Pending {
  giveUp(): void;
}

/** What all calls through one `locks` share. */
export interface Core {
  store: Store;
  /** For what a caller waits for: keeps a Node process alive. */
  clock: Clock;
  /** For renewals, deadlines and clean-ups: does not, and stops at `close`. */
  background: BackgroundClock;
  emit(event: LockEvent): void;
  holds: Set<Hold>;
  waits: Set<Interruptible>;
  tasks: Set<Task>;
  closing: Promise<void> | undefined;
}

/** A clock whose timers let the process end. */
export interface BackgroundClock extends Clock {
  /** Cancels all timers and starts no more. */
  stop(): void;
}

export function backgroundClock(clock: Clock): BackgroundClock {
  const timers = new Set<Timer & { until: number }>();
  let stopped = false;
  return Object.assign(Object.create(clock) as Clock, {
    timer(ms: number, callback: () => void): Timer {
      const until = clock.monotonic() + ms;
      const inner = stopped
        ? undefined
        : clock.timer(ms, () => {
            timers.delete(timer);
            callback();
          });
      const timer = {
        until,
        cancel() {
          timers.delete(timer);
          inner?.cancel();
        },
        unref() {},
      };
      inner?.unref();
      if (inner) track(timers, timer, clock.monotonic());
      return timer;
    },
    stop() {
      stopped = true;
      for (const timer of timers) timer.cancel();
    },
  });
}

/**
 * Adds to a set, and now and then drops what is over: a Worker's request that ended took its timers with it, and what
 * they would have removed would stay for as long as the isolate lives.
 */
export function track<T extends { until: number }>(set: Set<T>, item: T, now: number): void {
  if ((set.size & 63) === 63) for (const old of set) if (old.until < now) set.delete(old);
  set.add(item);
}

/** The emitter for a user's handler, whose own failures are not ours. */
export function emitter(onEvent: ((event: LockEvent) => unknown) | undefined): (event: LockEvent) => void {
  return (event) => {
    try {
      void Promise.resolve(onEvent?.(event)).catch(() => {});
    } catch {}
  };
}
