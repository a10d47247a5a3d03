export type { VirtualClock } from "../../src/virtual-clock.ts";
export { virtualClock } from "../../src/virtual-clock.ts";
