import type { Core, Pending } from "./core.ts";
import { track } from "./core.ts";
import { LockClosedError } from "./errors.ts";
import type { Send, Stops } from "./limit.ts";
import { within } from "./limit.ts";

/** Everything that can end a wait, and what a wait may spend. */
export interface Wait extends Pending {
  /** Requests sent so far. */
  attempts: number;
  /** Milliseconds since the call began. */
  waited(): number;
  /** Milliseconds until the wait is over. */
  remaining(): number;
  /** Sends one command; rejects when it is not answered in time, or when the wait is interrupted. */
  send: Send;
  sleep(ms: number): Promise<void>;
  /** Why `signal` or `close` ended it. */
  interrupted?: { reason: unknown };
  /** Lets go of the signal and of `close`. */
  done(): void;
}

/** What bounds a wait. */
export interface Bounds {
  wait: number;
  commandTimeout: number;
  signal?: AbortSignal | undefined;
}

/**
 * A wait that is bounded in time, whatever hangs on the wire. A wait of 0 is one attempt, which gets the time of one
 * command.
 */
export function startWait(core: Core, { wait, commandTimeout, signal }: Bounds): Wait {
  const { clock } = core;
  const start = clock.monotonic();
  const stops: Stops = new Set();
  let finish = () => {};

  function interrupt(reason: unknown): void {
    self.interrupted ??= { reason };
    for (const stop of stops) stop(reason);
  }
  const abort = () => interrupt(signal?.reason);

  function limited<T>(ms: number, work?: () => Promise<T>): Promise<T> {
    if (self.interrupted) throw self.interrupted.reason;
    return within(clock, ms, work?.(), stops);
  }

  const self: Wait = {
    attempts: 0,
    until: start + (wait || commandTimeout),
    over: new Promise<void>((resolve) => {
      finish = resolve;
    }),
    end: () => interrupt(new LockClosedError("These locks were closed while a call waited.")),
    waited: () => clock.monotonic() - start,
    remaining: () => self.until - clock.monotonic(),
    send: async (command) =>
      limited(Math.max(1, Math.min(commandTimeout, self.remaining())), () => {
        self.attempts++;
        return command();
      }),
    sleep: async (ms) => limited(ms),
    done() {
      signal?.removeEventListener("abort", abort);
      finish();
    },
  };
  track(core, core.waits, self);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return self;
}
