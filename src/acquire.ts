import { sane } from "./backoff.ts";
import { cleanUp } from "./clean-up.ts";
import type { Core } from "./core.ts";
import { drift, margin } from "./deadline.ts";
import { LockTimeoutError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Failure } from "./failure.ts";
import { backendError, classify } from "./failure.ts";
import { Hold } from "./hold.ts";
import type { Keys } from "./keys.ts";
import type { Settings } from "./options.ts";
import type { Grant, Stamped } from "./store.ts";
import { mintToken } from "./token.ts";
import { startWait } from "./wait.ts";

/** Kept free at the end of a wait for the last attempt, in milliseconds, beside its trip: no sleep without one after it. */
const LAST_ATTEMPT = 10;

/**
 * Takes the lock, waiting for it as the settings say. `once`: one attempt, and `null` when another has it.
 *
 * A token serves one grant: once its release was sent, the next attempt takes a new one.
 */
export async function acquire(core: Core, keys: Keys, settings: Settings, once: boolean): Promise<Hold | null> {
  const { clock, store } = core;
  const { name } = keys;
  const { ttl, fence, life, owner, maxAttempts, commandTimeout, signal } = settings;
  const single = once || !settings.wait;
  const wait = startWait(core, { wait: single ? 0 : settings.wait, commandTimeout, signal });
  let grant: Grant | undefined;
  /** Whether a request with this token may have been executed without an answer that we know. */
  let unsure = false;
  let busy: Stamped | undefined;
  let failure: Failure | undefined;
  /** When the holder's lock expires at the earliest, on the monotonic clock. */
  let expiry = Number.NEGATIVE_INFINITY;
  /** How long the last answer took, milliseconds. */
  let trip = 0;

  function emit(type: LockEvent["type"], more?: Partial<LockEvent>): void {
    core.emit({ type, name, ms: wait.waited(), attempts: wait.attempts, owner, ...more });
  }

  function giveBack(): void {
    if (grant && wait.attempts) cleanUp(core, keys, grant, settings);
    grant = undefined;
    unsure = false;
  }

  /** A grant with nothing left is no grant: it is given back, and the wait goes on with a new token. */
  function accept(answer: Stamped, { token }: Grant): Hold | undefined {
    const left = Math.min(answer.left, ttl);
    const late = Math.max(clock.monotonic() - answer.mono, clock.now() - answer.wall);
    if (left - drift(left) - late > margin(ttl)) {
      emit("acquired");
      return new Hold(core, keys, token, answer.fence, settings).prolong({ ...answer, left });
    }
    failure = classify("the answer came when the time of the grant was over");
    giveBack();
    return undefined;
  }

  try {
    for (let attempt = 1; ; attempt++) {
      grant ??= { token: mintToken(clock, owner), ttl, fence, life };
      const began = clock.monotonic();
      let spent = false;
      try {
        const plain = attempt === 1 && !fence && maxAttempts > 1;
        const answer = await store.acquire(keys, grant, plain, !single && expiry <= began, wait.send);
        trip = clock.monotonic() - began;
        spent = answer.outcome === "spent";
        if (spent) grant = undefined;
        if (answer.outcome === "granted") {
          const hold = accept(answer, grant as Grant);
          if (hold) return hold;
        }
        if (answer.outcome === "busy") {
          if (!busy) emit("waiting");
          busy = answer;
          if (answer.left >= 0) expiry = clock.monotonic() + answer.left + 1;
        }
      } catch (thrown) {
        if (wait.interrupted) throw thrown;
        failure = classify(thrown);
        unsure ||= !failure.refused;
        if (!failure.passing) busy = undefined;
        if (!failure.passing || single) break;
      }
      if (single || wait.attempts >= maxAttempts || wait.remaining() <= 0) break;
      if (spent) continue;
      const now = clock.monotonic();
      const room = wait.remaining() - LAST_ATTEMPT - 2 * trip;
      if (room <= 0) break;
      const pause = sane(settings.delay(attempt));
      await wait.sleep(Math.min(pause, room, expiry > now ? expiry - now : pause));
    }
    if (unsure || (busy && fence && !single)) giveBack();
    if (busy && once) return null;
    if (!busy) {
      const error = backendError(name, "grant", failure ?? classify("no usable answer"));
      emit("failed", { during: "acquire", error });
      throw error;
    }
    const holder = busy.value || undefined;
    const waited = Math.round(wait.waited());
    const whose =
      holder === undefined ? "" : ` by ${JSON.stringify(holder)}${holder === owner ? ", this caller's own label" : ""}`;
    const message = `${JSON.stringify(name)} was held${whose} for all of ${waited} ms. Wait longer, or try again later.`;
    throw new LockTimeoutError(message, { lockName: name, waited, attempts: wait.attempts, holder });
  } catch (thrown) {
    if (unsure || wait.interrupted) giveBack();
    throw wait.interrupted ? wait.interrupted.reason : thrown;
  } finally {
    wait.done();
  }
}
