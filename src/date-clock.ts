import type { Clock } from "./clock.ts";
import { platformClock } from "./clock.ts";

/**
 * The platform's clock with all time taken from `Date`: for fake timers that replace `Date` and `setTimeout` and leave
 * `performance.now` alone, as node:test's do. Without it a wait under such timers never ends, because monotonic time
 * stands still. Not for production: a wall clock may jump.
 *
 * @example
 * ```ts
 * import { mock } from "node:test";
 * import { createLocks } from "holdfast";
 * import { memory } from "holdfast/memory";
 * import { dateClock } from "holdfast/testing";
 *
 * mock.timers.enable({ apis: ["setTimeout", "Date"] });
 * const locks = createLocks(memory(), { clock: dateClock() });
 * ```
 */
export function dateClock(): Clock {
  return { ...platformClock, monotonic: platformClock.now };
}
