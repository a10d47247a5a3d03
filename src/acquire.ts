import { sane } from "./backoff.ts";
import { cleanUp } from "./clean-up.ts";
import type { Core } from "./core.ts";
import { drift, margin } from "./deadline.ts";
import { LockTimeoutError } from "./errors.ts";
import type { Failure } from "./failure.ts";
import { classify } from "./failure.ts";
import { Hold, recordLife } from "./hold.ts";
import type { Keys } from "./keys.ts";
import { backendError } from "./limit.ts";
import type { Settings } from "./options.ts";
import type { Grant, Stamped } from "./store.ts";
import { mintToken, ownerOf } from "./token.ts";
import type { Wait } from "./wait.ts";
import { startWait } from "./wait.ts";

/** Takes the lock, waiting for it as the settings say. `null` is possible only where `once` is asked for. */
export async function acquire(core: Core, keys: Keys, settings: Settings, once: boolean): Promise<Hold | null> {
  const wait = startWait(core, { ...settings, wait: once ? 0 : settings.wait });
  try {
    return await new Attempts(core, keys, settings, wait, once || settings.wait === 0).run(once);
  } finally {
    wait.done();
  }
}

/** The attempts of one call. A token serves one grant: once its release was sent, the next attempt takes a new one. */
class Attempts {
  readonly #core: Core;
  readonly #keys: Keys;
  readonly #settings: Settings;
  readonly #wait: Wait;
  readonly #single: boolean;
  #grant: Grant;
  /** Whether a request with the present token may have been executed without an answer that we know. */
  #unsure = false;
  /** Whether the present token was sent at all. */
  #asked = false;
  /** How long the last answer took, milliseconds. */
  #trip = 0;
  #busy: Stamped | undefined;
  #failure: Failure | undefined;
  /** When the holder's lock expires at the earliest, on the monotonic clock. */
  #expiry = Number.NEGATIVE_INFINITY;

  constructor(core: Core, keys: Keys, settings: Settings, wait: Wait, single: boolean) {
    this.#core = core;
    this.#keys = keys;
    this.#settings = settings;
    this.#wait = wait;
    this.#single = single;
    this.#grant = this.#mint();
  }

  async run(once: boolean): Promise<Hold | null> {
    const wait = this.#wait;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#try(attempt === 1);
      if (answer?.outcome === "granted") {
        const hold = this.#accept(answer);
        if (hold) return hold;
      }
      if (this.#single || wait.left() < 1 || wait.remaining() <= 0) break;
      if (answer?.outcome === "spent") continue;
      const pause = this.#pause(attempt);
      if (pause === undefined) break;
      await this.#unlessInterrupted(() => wait.sleep(pause));
    }
    if (this.#unsure || (this.#asked && this.#settings.fence && !this.#single)) this.#giveBack();
    if (!this.#busy) throw this.#report();
    if (once) return null;
    const { waited, attempts } = { waited: Math.round(wait.waited()), attempts: wait.attempts };
    const holder = this.#busy.value || undefined;
    throw new LockTimeoutError(this.#explain(holder, waited), this.#keys.name, waited, attempts, holder);
  }

  #mint(): Grant {
    this.#asked = false;
    const { ttl, fence, owner } = this.#settings;
    return { token: mintToken(this.#core.clock, owner), ttl, fence, life: recordLife(this.#settings) };
  }

  /** One attempt. `undefined`: Redis did not answer, or is not ready. */
  async #try(first: boolean): Promise<Stamped | undefined> {
    const { clock, store } = this.#core;
    const wait = this.#wait;
    const plain = first && !this.#settings.fence && wait.left() > 1;
    const timed = !this.#single && this.#expiry < clock.monotonic();
    const began = clock.monotonic();
    try {
      const answer = await this.#unlessInterrupted(() => {
        this.#asked = true;
        return store.acquire(this.#keys, this.#grant, { plain, timed }, wait.send);
      });
      this.#trip = clock.monotonic() - began;
      if (answer.outcome === "busy") {
        if (!this.#busy) this.#emit("waiting");
        this.#busy = answer;
        if (answer.left >= 0) this.#expiry = clock.monotonic() + answer.left + 1;
      } else if (answer.outcome === "spent") {
        this.#grant = this.#mint();
      }
      return answer;
    } catch (thrown) {
      if (wait.interrupted) throw thrown;
      this.#failure = classify(thrown);
      this.#unsure ||= !this.#failure.refused;
      if (!this.#failure.passing || (this.#single && !this.#busy)) {
        if (this.#unsure) this.#giveBack();
        throw this.#report();
      }
      return undefined;
    }
  }

  /** A grant with nothing left is no grant: it is given back, and the wait goes on with a new token. */
  #accept({ sent, left, fence }: Stamped): Hold | undefined {
    const { ttl } = this.#grant;
    const { clock } = this.#core;
    const usable = Math.min(left, ttl) - drift(Math.min(left, ttl));
    const late = Math.max(clock.monotonic() - sent.mono, clock.now() - sent.wall);
    if (usable - late <= margin(ttl)) {
      this.#failure = classify(new Error("the answer came after the time of the grant was over"));
      this.#giveBack();
      this.#grant = this.#mint();
      return undefined;
    }
    const hold = new Hold(this.#core, this.#keys, this.#grant.token, fence, this.#settings);
    hold.prolong(sent, Math.min(left, ttl));
    this.#emit("acquired");
    return hold;
  }

  /** How long to sleep before the next attempt; `undefined` when none would end within the wait. */
  #pause(attempt: number): number | undefined {
    const now = this.#core.clock.monotonic();
    let pause = sane(this.#settings.delay(attempt));
    if (this.#expiry > now) pause = Math.min(pause, this.#expiry - now);
    const room = this.#wait.remaining() - LAST_ATTEMPT - 2 * this.#trip;
    return room > 0 ? Math.min(pause, room) : undefined;
  }

  async #unlessInterrupted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (this.#wait.interrupted) {
        if (this.#wait.attempts) this.#giveBack();
        throw this.#wait.reason;
      }
      throw thrown;
    }
  }

  #giveBack(): void {
    cleanUp(this.#core, this.#keys, this.#grant, this.#settings);
    this.#unsure = false;
  }

  #report(): Error {
    const error = backendError(this.#keys.name, "grant", this.#failure ?? classify("no usable answer"));
    this.#emit("failed", { during: "acquire", error });
    return error;
  }

  #explain(holder: string | undefined, waited: number): string {
    const by = holder === undefined ? "another holder" : JSON.stringify(holder);
    const own = holder !== undefined && holder === this.#settings.owner;
    return (
      `The lock ${JSON.stringify(this.#keys.name)} was held by ${by} for all of ${waited} ms.` +
      (own ? " That is this caller's own label: a lock is not re-entrant." : " Wait longer, or try again later.")
    );
  }

  #emit(type: "waiting" | "acquired" | "failed", more?: object): void {
    const { token } = this.#grant;
    const wait = this.#wait;
    this.#core.emit({ type, name: this.#keys.name, ms: wait.waited(), attempts: wait.attempts, owner: ownerOf(token), ...more });
  }
}

/** Kept free at the end of a wait for the last attempt, in milliseconds, beside its trip: no sleep without an attempt after it. */
const LAST_ATTEMPT = 10;
