import type { Clock } from "./clock.ts";
import { LockClosedError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Keys } from "./keys.ts";
import type { Scope } from "./limit.ts";
import type { RequestOptions } from "./options.ts";
import type { Settings } from "./read-options.ts";
import type { Store } from "./store.ts";

/** Something under way that `close` has to end. */
export interface Pending {
  /** The moment after which nobody needs to, on the monotonic clock. */
  until: number;
  /** Settles when it has ended. */
  over: Promise<unknown>;
  end(): unknown;
}

/** What all calls through one `locks` share. */
export interface Core {
  store: Store;
  /** For what a caller waits for: keeps a Node process alive. */
  clock: Clock;
  /** For renewals, deadlines and clean-ups: does not. */
  background: Clock;
  /** Nobody is told where there is no `onEvent`: no event is made. */
  tell?: ((event: LockEvent) => void) | undefined;
  waits: Set<Pending>;
  holds: Set<Pending>;
  cleanUps: Set<Pending>;
  /** Settles when `close` is done; there as soon as it has begun. */
  closing?: Promise<void>;
}

/** Everything that one call works with. `core` is for what may change meanwhile. */
export interface Call extends Omit<Core, "closing">, Keys, Settings {
  core: Core;
  /** What its wait is under. */
  scope: Scope;
  /** Whether its token says that the lock may be handed over in this process. */
  handsOver?: boolean;
  /** Where a lease is extended: whether it is not over. */
  usable?(): boolean;
  /** Is called when its wait is over. */
  over?(): void;
  /** At a release: milliseconds for which the name is kept all the same, from when it is asked. */
  rest?(): number;
}

/** How a subpath makes calls through a user's `locks`. Another copy of the package has another symbol: it is refused. */
export const PREPARE: unique symbol = /* @__PURE__ */ Symbol();

/** What `locks` have inside, for the subpaths that work with them. */
export interface Inside {
  /** Checks the options of a call, and fills them in. `also`: names that are options besides those of every call. */
  [PREPARE](name: unknown, options?: RequestOptions, renew?: boolean, also?: string[]): Call;
}

/** Tells of what happens to a lock. */
export type Report = (type: LockEvent["type"], more?: Partial<LockEvent>) => void;

export function closedError(): LockClosedError {
  return new LockClosedError("These locks were closed.");
}

/** The same clock, whose timers let the process end. It may be a class, whose private fields only its own methods reach. */
export function unreferenced(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    timer(ms, callback) {
      const timer = clock.timer(ms, callback);
      timer.unref();
      return timer;
    },
    random: () => clock.random(),
    randomBytes: (length) => clock.randomBytes(length),
  };
}

/** Reports from now on: `ms` counts from here. */
export function reporter({ clock, name, tell, owner: own }: Call, owner: string | undefined = own): Report {
  const began = clock.monotonic();
  return (type, more) =>
    tell?.({ type, name, ms: clock.monotonic() - began, attempts: 1, owner, ...more } as LockEvent);
}

/**
 * Adds to a set until it is over, and now and then drops what must be: a Worker's request that ended took its timers
 * and promises with it, and what they would have removed would stay for as long as the isolate lives.
 */
export function track({ clock }: Call, set: Set<Pending>, item: Pending): void {
  if (set.size % 64 === 63) for (const old of set) if (old.until < clock.monotonic()) set.delete(old);
  set.add(item);
  const remove = () => set.delete(item);
  item.over.then(remove, remove);
}
