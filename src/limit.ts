import type { RetryOptions } from "./backoff.ts";
import { backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { backendError, classify } from "./failure.ts";

/** Sends one command, under whatever limit the caller has for it. */
export type Send = (command: () => Promise<unknown>) => Promise<unknown>;

/** Rejects everything that is under way with the given reason. */
export type Stops = Set<(reason: unknown) => void> & { ended?: unknown };

/** Rejects what is under way, and whatever would follow it. */
export function giveUp(stops: Stops): void {
  stops.ended = { definitive: true, message: "given up" };
  for (const stop of stops) stop(stops.ended);
}

/**
 * The work's result, or an error when there is none within `ms`: its outcome is unknown then. Without work it resolves
 * after `ms`.
 */
export function within<T>(clock: Clock, ms: number, work?: Promise<T>, stops?: Stops): Promise<T> {
  let release = () => {};
  const result = new Promise<T>((resolve, reject) => {
    const end = () => (work ? reject(new Error(`no answer within ${Math.round(ms)} ms`)) : resolve(undefined as T));
    const timer = clock.timer(ms, end);
    stops?.add(reject);
    release = () => {
      timer.cancel();
      stops?.delete(reject);
    };
    work?.then(resolve, reject);
  });
  result.then(release, release);
  return result;
}

export const DEFAULT_RETRY: Required<RetryOptions> = { min: 50, max: 1000, factor: 2, jitter: 1 };

/** How long, and for what, something is asked again. */
export interface Persistence {
  clock: Clock;
  name: string;
  /** What is asked, for the message: "release". */
  asked: string;
  /** Limit on each command, milliseconds. */
  limit: number;
  /** When to stop asking again, on the monotonic clock; by default when the limit of one command has passed. */
  until?: number;
  stops?: Stops;
}

/** Asks, and asks again while the outcome is unknown and there is time; then rejects with a `LockBackendError`. */
export async function persist<T>(
  { clock, name, asked, limit, until = clock.monotonic() + limit, stops }: Persistence,
  ask: (send: Send) => Promise<T>,
): Promise<T> {
  for (let attempt = 1, pause = 0; ; attempt++) {
    try {
      if (stops?.ended) throw stops.ended;
      if (pause) await within(clock, pause, undefined, stops);
      const allowed = pause ? Math.max(1, Math.min(limit, until - clock.monotonic())) : limit;
      return await ask(async (command) => {
        if (stops?.ended) throw stops.ended;
        return within(clock, allowed, command(), stops);
      });
    } catch (thrown) {
      const failure = classify(thrown);
      pause = backoff(attempt, clock.random(), DEFAULT_RETRY);
      if (!failure.passing || clock.monotonic() + pause >= until) throw backendError(name, asked, failure);
    }
  }
}
