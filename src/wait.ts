import { sane } from "./backoff.ts";
import { cleanUp } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { closedError, reporter, track } from "./core.ts";
import { lessDrift, margin, since } from "./deadline.ts";
import { LockTimeoutError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Failure, Outage } from "./failure.ts";
import { backendError, classify } from "./failure.ts";
import type { Send } from "./limit.ts";
import { stop, within } from "./limit.ts";
import type { Stamped } from "./reply.ts";
import { mintToken } from "./token.ts";

/** Kept free at the end of a wait for the last attempt, in milliseconds, beside its trip: no sleep without one after it. */
const LAST_ATTEMPT = 10;

/** What was granted. */
export interface Grant extends Stamped {
  token: string;
}

/**
 * Takes the lock, waiting for it as the settings say, whatever hangs on the wire. `once`: one attempt, and `null` when
 * another has it. A wait of 0 is one attempt, which gets the time of one command.
 *
 * A token serves one grant: once its release was sent, the next attempt takes a new one.
 */
export function acquire(call: Call, once: boolean): Promise<Grant | null> {
  const { clock, store, waits, name, owner, ttl, fence, maxAttempts, commandTimeout, signal, scope } = call;
  const single = once || !call.wait;
  const start = clock.monotonic();
  const until = start + (single ? commandTimeout : call.wait);
  const report = reporter(call);
  let sent = 0;
  let token: string | undefined;
  /** Whether a request with this token may have been executed without an answer that we know. */
  let unsure = false;
  /** Whether the last attempt's token was given back, so that the next takes another. */
  let used: (() => boolean) | undefined;
  let busy: Stamped | undefined;
  let failure: Failure | undefined;
  /** When the holder's lock expires at the earliest, on the monotonic clock. */
  let expiry = -Infinity;
  /** How long the last answer took, milliseconds. */
  let trip = 0;

  const tell = (type: LockEvent["type"], more?: Partial<LockEvent>) => report(type, { attempts: sent, ...more });

  const send: Send = (command) => {
    const counted = (limit: number) => {
      sent++;
      unsure = true;
      return command(limit);
    };
    return within(clock, Math.max(1, Math.min(commandTimeout, until - clock.monotonic())), counted, scope);
  };

  function giveBack(): void {
    if (token) void cleanUp(call, token);
    token = undefined;
    unsure = false;
  }

  async function attempts(): Promise<Grant | null> {
    try {
      for (let attempt = 1; ; attempt++) {
        if (used?.()) {
          // A request of an earlier attempt may arrive yet.
          if (unsure) giveBack();
          token = undefined;
        }
        used = undefined;
        token ??= mintToken(call);
        const began = clock.monotonic();
        const wasUnsure: boolean = unsure;
        const sentBefore = sent;
        let spent = false;
        /** What the store says about when to ask again. */
        let advice: number | undefined;
        try {
          const plain = attempt === 1 && !fence && maxAttempts > 1;
          const answer = await store.acquire(call, token, plain, !single && expiry <= began, send);
          const now = clock.monotonic();
          unsure = wasUnsure;
          trip = now - began;
          spent = answer.outcome === "spent";
          if (spent && !answer.used) token = undefined;
          used = answer.used;
          advice = answer.pause;
          if (answer.outcome === "granted") {
            const left = Math.min(answer.left, ttl);
            if (lessDrift(left) - since(clock, answer) > margin(ttl)) {
              tell("acquired");
              const granted = token as string;
              token = undefined;
              return { ...answer, left, token: granted };
            }
            // A grant with nothing left is no grant: the wait goes on with a new token.
            failure = classify("the grant was over when its answer came");
            giveBack();
          }
          if (answer.outcome === "busy") {
            if (!busy) tell("waiting");
            busy = answer;
            if (answer.left >= 0) expiry = now + answer.left + 1;
          }
        } catch (thrown) {
          if (scope.stopped) throw scope.stopped.reason;
          const latest = classify(thrown);
          const { refused, passing } = latest;
          // The null of a plain SET may be the answer to its second execution.
          unsure = wasUnsure || !refused || sent > sentBefore + 1;
          if ((thrown as Partial<Outage> | undefined)?.outage) {
            unsure = wasUnsure;
            used = () => true;
          }
          // An attempt that the end of the wait cut short says less than the one before.
          if (!failure || refused || clock.monotonic() < until - LAST_ATTEMPT) failure = latest;
          if (!passing) busy = undefined;
          if (!passing || single) break;
        }
        const now = clock.monotonic();
        if (single || sent >= maxAttempts || now >= until) break;
        if (spent) continue;
        const room = until - now - LAST_ATTEMPT - 2 * trip;
        if (room <= 0) break;
        // Who split the votes of a quorum would do so again, in step, if they came back within a trip of each other.
        const pause =
          sane(advice ?? call.delay(attempt)) + (used?.() ? 2 * clock.random() * Math.min(trip, commandTimeout) : 0);
        // It may have passed while the answer was on its way, of an attempt that did not ask for the next.
        const known = expiry > began ? Math.max(expiry - now, 1) : pause;
        await within(clock, Math.min(pause, room, known), undefined, scope);
      }
    } finally {
      if (unsure || (sent && scope.stopped) || (busy && sent && fence && !single)) giveBack();
      signal?.removeEventListener("abort", abort);
      call.over?.();
    }
    if (busy && once) return null;
    if (!busy) {
      const error = backendError(name, "grant", failure ?? classify("no usable answer"));
      tell("failed", { during: "acquire", error });
      throw error;
    }
    const holder = busy.label || undefined;
    const waited = Math.round(clock.monotonic() - start);
    const whose = holder ? ` by ${JSON.stringify(holder)}${holder === owner ? ", this caller's own label" : ""}` : "";
    const message = `${JSON.stringify(name)} was held${whose} for all of ${waited} ms. Wait longer, or try again later.`;
    throw new LockTimeoutError(message, { lockName: name, waited, attempts: sent, holder });
  }

  const abort = () => stop(scope, signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const over = attempts();
  track(call, waits, { until, over, end: () => stop(scope, closedError()) });
  return over;
}
