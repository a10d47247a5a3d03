import type { Clock } from "./clock.ts";

/** A moment on both clocks: whichever of them says so ends a lease. */
export interface Instant {
  mono: number;
  wall: number;
}

export function instant(clock: Clock): Instant {
  return { mono: clock.monotonic(), wall: clock.now() };
}

/** Milliseconds since a moment, by the clock by which more have passed; below 0 while it is to come on both. */
export function since(clock: Clock, { mono, wall }: Instant): number {
  return Math.max(clock.monotonic() - mono, clock.now() - wall);
}

/** What is left of `ms` if two clocks drift apart by 1 % and 2 ms, as in Redlock. */
export function lessDrift(ms: number): number {
  return ms - ms / 100 - 2;
}

/** How long before the deadline the signal fires: timers were up to 23 ms late on busy machines. */
export function margin(ttl: number): number {
  return Math.min(ttl / 10, 25);
}
