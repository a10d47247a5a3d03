import type { Clock, Timer } from "./clock.ts";
import type { LockEvent } from "./events.ts";
import type { Store } from "./store.ts";

/** Something under way that `close` has to end. */
export interface Pending {
  /** The moment after which nobody needs to, on the monotonic clock. */
  readonly until: number;
  /** Resolves when it has ended. */
  readonly over: Promise<unknown>;
  end(): unknown;
}

/** What all calls through one `locks` share. */
export interface Core {
  store: Store;
  /** For what a caller waits for: keeps a Node process alive. */
  clock: Clock;
  /** For renewals, deadlines and clean-ups: does not. */
  background: Clock;
  emit(event: LockEvent): void;
  waits: Set<Pending>;
  holds: Set<Pending>;
  cleanUps: Set<Pending>;
  closing?: Promise<void>;
}

/** The same clock, whose timers let the process end. */
export function unreferenced(clock: Clock): Clock {
  return Object.assign(Object.create(clock) as Clock, {
    timer(ms: number, callback: () => void): Timer {
      const timer = clock.timer(ms, callback);
      timer.unref();
      return timer;
    },
  });
}

/**
 * Adds to a set until it is over, and now and then drops what must be: a Worker's request that ended took its timers
 * and promises with it, and what they would have removed would stay for as long as the isolate lives.
 */
export function track({ clock }: Core, set: Set<Pending>, item: Pending): void {
  if (set.size % 64 === 63) for (const old of set) if (old.until < clock.monotonic()) set.delete(old);
  set.add(item);
  void item.over.then(() => set.delete(item));
}
