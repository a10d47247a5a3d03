import { sane } from "./backoff.ts";
import { cleanUp } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { reporter } from "./core.ts";
import { lessDrift, margin, since } from "./deadline.ts";
import { LockTimeoutError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Failure } from "./failure.ts";
import { backendError, classify } from "./failure.ts";
import type { Stamped } from "./reply.ts";
import { mintToken } from "./token.ts";
import type { Wait } from "./wait.ts";
import { waiting } from "./wait.ts";

/** Kept free at the end of a wait for the last attempt, in milliseconds, beside its trip: no sleep without one after it. */
const LAST_ATTEMPT = 10;

/** What was granted. */
export interface Grant extends Stamped {
  token: string;
}

/** Takes the lock, waiting for it as the settings say. `once`: one attempt, and `null` when another has it. */
export function acquire(call: Call, once: boolean): Promise<Grant | null> {
  const ms = once ? 0 : call.wait;
  return waiting(call, ms, (wait) => attempts(call, once, !ms, wait));
}

/** A token serves one grant: once its release was sent, the next attempt takes a new one. */
async function attempts(call: Call, once: boolean, single: boolean, wait: Wait): Promise<Grant | null> {
  const { clock, store, name, owner, ttl, fence, maxAttempts } = call;
  const start = clock.monotonic();
  const report = reporter(call, owner);
  let token: string | undefined;
  let busy: Stamped | undefined;
  let failure: Failure | undefined;
  /** When the holder's lock expires at the earliest, on the monotonic clock. */
  let expiry = -Infinity;
  /** How long the last answer took, milliseconds. */
  let trip = 0;

  const tell = (type: LockEvent["type"], more?: Partial<LockEvent>) => report(type, { attempts: wait.sent, ...more });

  function giveBack(): void {
    if (token) cleanUp(call, token);
    token = undefined;
    wait.unsure = false;
  }

  try {
    for (let attempt = 1; ; attempt++) {
      token ??= mintToken(call);
      const began = clock.monotonic();
      const wasUnsure = wait.unsure;
      let spent = false;
      try {
        const plain = attempt === 1 && !fence && maxAttempts > 1;
        const answer = await store.acquire(call, token, plain, !single && expiry <= began, wait.send);
        const now = clock.monotonic();
        wait.unsure = wasUnsure;
        trip = now - began;
        spent = answer.outcome === "spent";
        if (spent) token = undefined;
        if (answer.outcome === "granted") {
          const left = Math.min(answer.left, ttl);
          if (lessDrift(left) - since(clock, answer) > margin(ttl)) {
            tell("acquired");
            const granted = token as string;
            token = undefined;
            return { ...answer, left, token: granted };
          }
          // A grant with nothing left is no grant: the wait goes on with a new token.
          failure = classify("the answer came when the time of the grant was over");
          giveBack();
        }
        if (answer.outcome === "busy") {
          if (!busy) tell("waiting");
          busy = answer;
          if (answer.left >= 0) expiry = now + answer.left + 1;
        }
      } catch (thrown) {
        if (wait.scope.stopped) throw wait.scope.stopped.reason;
        failure = classify(thrown);
        wait.unsure = wasUnsure || !failure.refused;
        if (!failure.passing) busy = undefined;
        if (!failure.passing || single) break;
      }
      if (single || wait.sent >= maxAttempts || wait.left() <= 0) break;
      if (spent) continue;
      const now = clock.monotonic();
      const room = wait.left() - LAST_ATTEMPT - 2 * trip;
      if (room <= 0) break;
      const pause = sane(call.delay(attempt));
      await wait.sleep(Math.min(pause, room, expiry > now ? expiry - now : pause));
    }
  } finally {
    if (wait.unsure || (busy && fence && !single)) giveBack();
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
  throw new LockTimeoutError(message, { lockName: name, waited, attempts: wait.sent, holder });
}
