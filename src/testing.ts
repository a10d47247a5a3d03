export { dateClock } from "./date-clock.ts";
export type { Fault, FaultOptions, FaultyRequest, FaultyTransport } from "./faulty.ts";
export { faulty } from "./faulty.ts";
export type { VirtualClock } from "./virtual-clock.ts";
export { virtualClock } from "./virtual-clock.ts";
