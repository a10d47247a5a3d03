/**
 * For tests of code that takes locks: a clock that stands still until it is told otherwise, and a network that fails when
 * it is told to. `docs/testing.md` shows both at work.
 *
 * @module holdfast/testing
 */
export { dateClock } from "./date-clock.ts";
export type { Fault, FaultOptions, FaultyRequest, FaultyTransport } from "./faulty.ts";
export { faulty } from "./faulty.ts";
export type { VirtualClock } from "./virtual-clock.ts";
export { virtualClock } from "./virtual-clock.ts";
