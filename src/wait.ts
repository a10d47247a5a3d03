import type { Core } from "./core.ts";
import { track } from "./core.ts";
import type { Send } from "./store.ts";

/** Everything that can end a wait, and what a wait may spend. */
export interface Wait {
  /** Requests sent so far. */
  readonly attempts: number;
  /** Requests that may still be sent. */
  left(): number;
  /** Milliseconds since the call began. */
  waited(): number;
  /** Milliseconds until the wait is over. */
  remaining(): number;
  /** Sends one command; rejects when it is not answered in time, or when the wait is interrupted. */
  send: Send;
  sleep(ms: number): Promise<void>;
  /** True once `signal` or `close` ended it; `reason` says with what. */
  readonly interrupted: boolean;
  readonly reason: unknown;
  /** Lets go of the signal and of `close`. */
  done(): void;
}

/** What bounds a wait, all in milliseconds. */
export interface Bounds {
  wait: number;
  maxAttempts: number;
  commandTimeout: number;
  signal: AbortSignal | undefined;
}

/**
 * A wait that is bounded in time and in requests, whatever hangs on the wire. A wait of 0 is one attempt, which gets
 * the time of one command.
 */
export function startWait({ clock, waits }: Core, { wait, maxAttempts, commandTimeout, signal }: Bounds): Wait {
  const start = clock.monotonic();
  const total = wait || commandTimeout;
  let attempts = 0;
  let interrupted = false;
  let reason: unknown;
  let wake: ((error: unknown) => void) | undefined;

  let finish: () => void = () => {};
  const self = {
    until: start + total,
    over: new Promise<void>((resolve) => {
      finish = resolve;
    }),
    interrupt(why: unknown) {
      if (interrupted) return;
      interrupted = true;
      reason = why;
      wake?.(why);
    },
  };
  const abort = () => self.interrupt(signal?.reason);
  track(waits, self, start);
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort);

  /** Settles as the work does; without work resolves after `ms`, with work rejects then; an interruption rejects. */
  function race<T>(ms: number, work?: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        if (wake !== fail) return;
        wake = undefined;
        timer.cancel();
        how();
      };
      const fail = (error: unknown) => settle(() => reject(error));
      const expire = () => (work ? fail(new Error(`no answer within ${Math.round(ms)} ms`)) : settle(() => resolve(undefined)));
      wake = fail;
      const timer = clock.timer(ms, expire);
      work?.then((value) => settle(() => resolve(value)), fail);
    });
  }

  const remaining = () => self.until - clock.monotonic();
  return {
    get attempts() {
      return attempts;
    },
    left: () => maxAttempts - attempts,
    waited: () => clock.monotonic() - start,
    remaining,
    async send(command) {
      if (interrupted) throw reason;
      attempts++;
      return race(Math.max(1, Math.min(commandTimeout, remaining())), command());
    },
    async sleep(ms) {
      if (interrupted) throw reason;
      await race(ms);
    },
    get interrupted() {
      return interrupted;
    },
    get reason() {
      return reason;
    },
    done() {
      signal?.removeEventListener("abort", abort);
      waits.delete(self);
      finish();
    },
  };
}
