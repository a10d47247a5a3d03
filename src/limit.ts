import type { RetryOptions } from "./backoff.ts";
import { backoff } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";
import { backendError, classify } from "./failure.ts";

/** Sends one command, which is told the milliseconds that it has: `most` at most. */
export type Send = (command: (limit: number) => Promise<unknown>, most?: number) => Promise<unknown>;

/** One thing after another, which can be stopped from outside: what is under way rejects, and nothing more begins. */
export interface Scope {
  stopped?: { reason: unknown };
  abandon?(reason: unknown): void;
  /** Ends a pause early; there only during one. */
  resume?: (() => void) | undefined;
  /** Whether the next pause is to be none. */
  woken?: boolean;
}

/** Ends the pause that is under way, or else the next one. */
export function wake(scope: Scope): void {
  scope.woken = true;
  scope.resume?.();
}

export function stop(scope: Scope, reason: unknown): void {
  scope.stopped ??= { reason };
  scope.abandon?.(reason);
}

/**
 * The work's result, or an error when there is none within `ms`: its outcome is unknown then. Without work it resolves
 * after `ms`.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  work?: (ms: number) => Promise<T>,
  scope: Scope = {},
): Promise<T> {
  if (scope.stopped) throw scope.stopped.reason;
  let timer: Timer | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const late = () => reject(new Error(`no answer within ${Math.round(ms)} ms`));
      scope.abandon = reject;
      timer = clock.timer(ms, work ? late : (resolve as () => void));
      if (work) return void work(ms).then(resolve, reject);
      scope.resume = resolve as () => void;
      if (scope.woken) scope.resume();
    });
  } finally {
    timer?.cancel();
    scope.resume = undefined;
  }
}

export const DEFAULT_RETRY: Required<RetryOptions> = { min: 50, max: 1000, factor: 2, jitter: 1 };

/** Slower than a wait: nobody gets a lock by it, and a Worker may send few requests in all. */
const PERSISTENT: Required<RetryOptions> = { ...DEFAULT_RETRY, max: 5000 };

/** With less time left than this nothing is asked again, in milliseconds. */
const LAST_TIME = 50;

/** How long, and for what, something is asked again. */
export interface Persistence {
  clock: Clock;
  name: string;
  /** Limit on each command, milliseconds. */
  commandTimeout: number;
  /** When to stop asking again, on the monotonic clock; by default when the limit of one command has passed. */
  until?: number | undefined;
  scope?: Scope;
}

/**
 * Asks, and asks again while the outcome is unknown and there is time; then rejects with a `LockBackendError`, which
 * says what was asked: "release".
 */
export async function persist<T>(
  { clock, name, commandTimeout, until = clock.monotonic() + commandTimeout, scope }: Persistence,
  asked: string,
  ask: (send: Send) => Promise<T>,
): Promise<T> {
  let limit = commandTimeout;
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask((command, most = limit) => within(clock, Math.min(limit, most), command, scope));
    } catch (thrown) {
      const failure = classify(thrown);
      const rest = until - clock.monotonic();
      if (!failure.passing || rest < LAST_TIME) throw backendError(name, asked, failure);
      const pause = Math.min(backoff(attempt, clock.random(), PERSISTENT), rest / 2);
      limit = Math.min(commandTimeout, rest - pause);
      // A stop is met by the next command.
      await within(clock, pause, undefined, scope).catch(() => {});
    }
  }
}
