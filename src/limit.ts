import type { RetryOptions } from "./backoff.ts";
import { backoff, sane } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { LockBackendError } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { classify } from "./failure.ts";
import type { Send } from "./store.ts";

const RETRY: Required<RetryOptions> = { min: 50, max: 1000, factor: 2, jitter: 1 };

/** The command's answer, or an error when none comes within `ms`: then its outcome is unknown. */
export function within<T>(clock: Clock, ms: number, command: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.timer(ms, () => reject(new Error(`no answer within ${Math.round(ms)} ms`)));
    command()
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}

/** What a caller is told when Redis did not do what was asked. */
export function backendError(name: string | undefined, asked: string, { error, hint }: Failure): LockBackendError {
  const lock = name === undefined ? "the locks" : `the lock ${JSON.stringify(name)}`;
  return new LockBackendError(`Redis did not ${asked} ${lock}: ${error.message}. ${hint}`, name, [error]);
}

/** How long, and for what, something is asked again. */
export interface Persistence {
  clock: Clock;
  /** Limit on each command, milliseconds. */
  limit: number;
  /** When to stop asking again, on the monotonic clock. */
  until: number;
  name: string | undefined;
  /** What is asked, for the message: "release". */
  asked: string;
}

/** Asks, and asks again while the outcome is unknown and there is time; then rejects with a `LockBackendError`. */
export async function persist<T>(how: Persistence, ask: (send: Send) => Promise<T>): Promise<T> {
  const { clock, limit, until } = how;
  for (let attempt = 1, allowed = limit; ; attempt++) {
    try {
      return await ask((command) => within(clock, allowed, command));
    } catch (thrown) {
      const failure = classify(thrown);
      const pause = sane(backoff(attempt, clock.random(), RETRY));
      if (!failure.passing || clock.monotonic() + pause >= until) throw backendError(how.name, how.asked, failure);
      await new Promise<void>((resolve) => clock.timer(pause, resolve));
      allowed = Math.min(limit, Math.max(1, until - clock.monotonic()));
    }
  }
}
