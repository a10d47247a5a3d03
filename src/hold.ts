import type { Timer } from "./clock.ts";
import type { Core, Pending } from "./core.ts";
import { track } from "./core.ts";
import { drift, margin } from "./deadline.ts";
import type { LockBackendError, LostReason } from "./errors.ts";
import { LockLostError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Keys } from "./keys.ts";
import type { Send, Stops } from "./limit.ts";
import { giveUp, persist } from "./limit.ts";
import { lostError } from "./lost.ts";
import type { Settings } from "./options.ts";
import { renew } from "./renew.ts";
import type { Signal } from "./signal.ts";

/**
 * What this process knows about a lock that it was granted. Timers refer to the hold and not to the lease, so that a
 * lease that the program has dropped can be collected.
 */
export class Hold implements Pending {
  readonly core: Core;
  readonly keys: Keys;
  readonly token: string;
  readonly fence: number | undefined;
  readonly settings: Settings;
  /** The longest ttl that was asked for. */
  ttl: number;
  /** Deadlines on the two clocks; either one ends the lease. A restored lease has none until Redis confirms it. */
  monoEnd: number = Number.NEGATIVE_INFINITY;
  wallEnd: number = Number.NEGATIVE_INFINITY;
  ended: "released" | "handed over" | LockLostError | undefined;
  /** Whether the last renewal was not answered. */
  unanswered = false;
  /** How Redis answered the release. */
  outcome = "";
  /** When it was granted, or restored, on the monotonic clock. */
  readonly since: number;
  maxHoldAt: number;
  /** Whether the lease is still referred to by the program. */
  alive: () => boolean = () => true;
  renewal: Timer | undefined;
  readonly over: Promise<void>;
  #finish = (): void => {};
  #controller: AbortController | undefined;
  #deadline: Timer | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #release: Promise<boolean> | undefined;
  #discard: Promise<unknown> | undefined;

  constructor(core: Core, keys: Keys, token: string, fence: number | undefined, settings: Settings) {
    this.core = core;
    this.keys = keys;
    this.token = token;
    this.fence = fence;
    this.settings = settings;
    this.ttl = settings.ttl;
    this.since = core.clock.monotonic();
    this.maxHoldAt = this.since + (settings.renew ? settings.maxHold : Number.POSITIVE_INFINITY);
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get until(): number {
    return this.monoEnd;
  }

  /** The label inside the token. */
  get owner(): string | undefined {
    return this.token.slice(24) || undefined;
  }

  get confirmed(): boolean {
    return this.monoEnd > Number.NEGATIVE_INFINITY;
  }

  /** Milliseconds left by the clock that leaves less; 0 once ended. Judged anew each time, and latched. */
  remaining(): number {
    const { clock } = this.core;
    const left = Math.min(this.monoEnd - clock.monotonic(), this.wallEnd - clock.now());
    if (left <= 0 && this.confirmed) this.lose(this.unanswered ? "unreachable" : "expired");
    return this.ended || left <= 0 ? 0 : left;
  }

  held(): boolean {
    return this.remaining() > 0;
  }

  /** Whether there is any point in asking Redis: held, or restored and not yet confirmed. */
  usable(): boolean {
    return this.held() || !(this.ended || this.confirmed || this.core.closing);
  }

  get signal(): Signal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.remaining();
      if (this.ended instanceof LockLostError) this.#controller.abort(this.ended);
    }
    return this.#controller.signal;
  }

  emit(type: LockEvent["type"], more?: Partial<LockEvent>): void {
    const { core, keys, owner, since } = this;
    core.emit({ type, name: keys.name, ms: core.clock.monotonic() - since, attempts: 1, owner, ...more });
  }

  /** Redis said, at the stamp or later, that the lock is held for `left` milliseconds more. */
  prolong({ mono, wall, left }: { mono: number; wall: number; left: number }): this {
    const { core, confirmed } = this;
    const usable = left - drift(left);
    this.monoEnd = Math.max(this.monoEnd, mono + usable);
    this.wallEnd = Math.max(this.wallEnd, wall + usable);
    if (!confirmed && this.held()) {
      track(core, core.holds, this);
      this.#watch();
      if (this.settings.renew) renew(this);
    }
    return this;
  }

  /** Fires the signal before the deadline, not at the next renewal after it. */
  #watch(): void {
    const { background } = this.core;
    const untilMaxHold = this.maxHoldAt - background.monotonic();
    const untilEnd = this.remaining() - margin(this.ttl);
    if (this.ended) return;
    if (untilMaxHold <= 0) this.lose("max-hold");
    else if (untilEnd <= 0) this.lose(this.unanswered ? "unreachable" : "expired");
    else this.#deadline = background.timer(Math.max(1, Math.min(untilEnd, untilMaxHold)), () => this.#watch());
  }

  lose(reason: LostReason): void {
    if (this.ended) return;
    const error = lostError(this.keys.name, reason);
    this.stop(error);
    this.#controller?.abort(error);
    this.emit("lost", { reason, error });
  }

  stop(how: NonNullable<Hold["ended"]>): void {
    this.ended ??= how;
    this.#deadline?.cancel();
    this.renewal?.cancel();
    this.#finish();
  }

  /** The error of a call that needs a lease which is still held. */
  gone(): LockLostError {
    const { ended, keys } = this;
    if (ended instanceof LockLostError) return ended;
    return ended ? lostError(keys.name, "deleted", undefined, `it was ${ended}`) : lostError(keys.name, "closed");
  }

  /** Requests of one lease are sent one after another. */
  serial<T>(send: () => Promise<T>): Promise<T> {
    const next = this.#tail.then(send);
    this.#tail = next.catch(() => {});
    return next;
  }

  /** Extends, or without a ttl asks; false when the lease is over. */
  async refresh(ttl: number | undefined, send: Send): Promise<boolean> {
    const answer = await this.core.store.extend(this.keys, this.token, ttl, send);
    if (!this.usable()) return false;
    if (answer.outcome === "held") this.prolong(answer);
    else this.lose(!this.confirmed ? "expired" : answer.outcome === "gone" ? "deleted" : "taken");
    return this.held();
  }

  /** Asks until answered, by default for at most the limit of one command. */
  ask<T>(asked: string, send: (send: Send) => Promise<T>, until?: number, stops?: Stops): Promise<T> {
    const { core, keys, settings } = this;
    const { clock } = core;
    return this.serial(() =>
      persist({ clock, name: keys.name, asked, limit: settings.commandTimeout, until, stops }, send),
    );
  }

  /** Milliseconds for which the name is to be kept if it were released now. */
  rest(): number {
    return Math.max(0, Math.ceil(this.settings.minHold - (this.core.clock.monotonic() - this.since)));
  }

  release(until: number | undefined = this.confirmed ? this.monoEnd : undefined): Promise<boolean> {
    this.#release ??= this.#free(until);
    return this.#release;
  }

  async #free(until: number | undefined): Promise<boolean> {
    const { core, keys, token, ttl, settings, monoEnd } = this;
    const wasHeld = this.held();
    const { reason } = Object(this.ended);
    if (this.ended === "handed over" || reason === "deleted" || reason === "taken") return false;
    this.stop("released");
    const grant = { token, ttl, fence: settings.fence, life: settings.life };
    const send = (send: Send) => core.store.release(keys, grant, this.rest(), send);
    const stops: Stops = new Set();
    const asked = this.ask("release", send, until, stops);
    const over = asked.catch(() => {});
    const needed = Math.max(monoEnd, core.clock.monotonic()) + settings.commandTimeout;
    track(core, core.cleanUps, { until: needed, over, end: () => giveUp(stops) });
    const { outcome } = await asked;
    this.outcome = outcome;
    // Before the deadline only an earlier copy of this release can have freed it.
    const inTime = wasHeld && core.clock.monotonic() < monoEnd && core.clock.now() < this.wallEnd;
    const freed = outcome === "freed" || (outcome === "gone" && inTime);
    if (freed) this.emit("released");
    return freed;
  }

  /** Releases without ever rejecting. */
  discard(until?: number): Promise<unknown> {
    this.#discard ??= this.release(until).catch((error: LockBackendError) =>
      this.emit("failed", { during: "release", error }),
    );
    return this.#discard;
  }

  end(): Promise<unknown> {
    this.lose("closed");
    return this.discard(this.core.clock.monotonic() + this.settings.commandTimeout);
  }
}
