/**
 * How long to wait between two attempts. No delay is shorter than 5 ms, whatever these say.
 *
 * Exponential backoff with full jitter, so that callers who failed together do not come back together. The mean of
 * the n-th delay is `min * factor ** (n - 1)`, at most `max`; with `jitter: 1` it is drawn evenly from 0 to twice the
 * mean, and cut at `max`. After "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, with the mean kept:
 * jitter that halves the mean would double what a wait costs.
 */
export interface RetryOptions {
  /** Mean of the first delay, milliseconds, 0 to 24 h. @default 50 */
  min?: number | undefined;
  /** No delay is longer, milliseconds, from `min` to 24 h. @default 1000, or `min` if that is larger */
  max?: number | undefined;
  /** By how much the mean grows each time, 1 or more. @default 2 */
  factor?: number | undefined;
  /** The random part of a delay, from 0 (none) to 1 (all of it). @default 1 */
  jitter?: number | undefined;
}

/** Nothing polls more often than this, whatever it was told: a delay of 0 must not become a busy loop. */
const SHORTEST_DELAY = 5;

/** The delay in milliseconds before attempt `attempt + 1`, for a random number from 0 to 1. Pure. */
export function backoff(attempt: number, random: number, retry: Required<RetryOptions>): number {
  const mean = Math.min(retry.max, retry.min * retry.factor ** (attempt - 1));
  return sane(Math.min(retry.max, mean * (1 + retry.jitter * (2 * random - 1))));
}

/** Any delay as a number that a timer can take; what is not a number, or too small, becomes the shortest delay. */
export function sane(delay: number): number {
  return Math.max(SHORTEST_DELAY, Number(delay) || 0);
}
