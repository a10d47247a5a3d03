import type { Call } from "./core.ts";
import { closedError, track } from "./core.ts";
import type { Scope, Send } from "./limit.ts";
import { stop, within } from "./limit.ts";

/** What a wait may spend. */
export interface Wait {
  /** Requests sent so far. */
  sent: number;
  /** Whether a request may have been executed without an answer that we know. */
  unsure: boolean;
  scope: Scope;
  /** Milliseconds until the wait is over. */
  left(): number;
  /** Sends one command; rejects when it is not answered in time, or when the wait is interrupted. */
  send: Send;
  sleep(ms: number): Promise<void>;
}

/**
 * Does something that is bounded in time, whatever hangs on the wire, and that the signal and `close` interrupt. A wait
 * of 0 is one attempt, which gets the time of one command.
 */
export function waiting<T>(call: Call, ms: number, work: (wait: Wait) => Promise<T>): Promise<T> {
  const { clock, waits, signal, commandTimeout } = call;
  const until = clock.monotonic() + (ms || commandTimeout);
  const scope: Scope = {};
  const left = () => until - clock.monotonic();
  const wait: Wait = {
    sent: 0,
    unsure: false,
    scope,
    left,
    send: (command) =>
      within(
        clock,
        Math.max(1, Math.min(commandTimeout, left())),
        () => {
          wait.sent++;
          wait.unsure = true;
          return command();
        },
        scope,
      ),
    sleep: (ms) => within(clock, ms, undefined, scope),
  };
  const abort = () => stop(scope, signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const over = work(wait).finally(() => signal?.removeEventListener("abort", abort));
  const end = () => stop(scope, closedError());
  track(call, waits, { until, over, end });
  return over;
}
