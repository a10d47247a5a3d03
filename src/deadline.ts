/** How far two clocks may drift apart in `ms`, in milliseconds: 1 % and 2 ms, as in Redlock. */
export function drift(ms: number): number {
  return ms / 100 + 2;
}

/** How long before the deadline the signal fires: timers were up to 23 ms late on busy machines. */
export function margin(ttl: number): number {
  return Math.min(ttl / 10, 25);
}

/** How long after the last renewal, or after the beginning of one that was not answered, the next one begins. */
export function renewalPause(ttl: number, answered: boolean): number {
  return answered ? ttl / 3 : ttl / 6;
}
