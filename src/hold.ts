import type { Timer } from "./clock.ts";
import type { Core } from "./core.ts";
import { track } from "./core.ts";
import { drift, margin } from "./deadline.ts";
import type { LostReason } from "./errors.ts";
import { LockBackendError, LockLostError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Keys } from "./keys.ts";
import { persist } from "./limit.ts";
import type { Settings } from "./options.ts";
import { renew } from "./renew.ts";
import type { Send, Stamp } from "./store.ts";
import { ownerOf } from "./token.ts";

const EXPLAINED: Record<LostReason, string> = {
  expired: "its time ran out without a renewal: take a longer ttl, use renew, or do not block the event loop",
  unreachable: "its time ran out while Redis did not answer renewals",
  deleted: "its key disappeared from Redis before its time: look for an operator, eviction, FLUSHALL or a failover",
  taken: "somebody else has taken it",
  "max-hold": "it was held for maxHold: raise that, or call extend() for a job that is known to be long",
  closed: "close() was called",
};

/** The record outlives the longest lease by this much. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How long the record of a name has to live beyond its fence. */
export function recordLife({ ttl, maxHold }: Settings): number {
  return ttl + (maxHold === Number.POSITIVE_INFINITY ? DAY : maxHold) + HOUR;
}

/**
 * What this process knows about a lock that it was granted. Timers refer to the hold and not to the lease, so that a
 * lease that the program has dropped can be collected.
 */
export class Hold {
  readonly core: Core;
  readonly keys: Keys;
  readonly token: string;
  readonly settings: Settings;
  readonly fence: number | undefined;
  /** The longest ttl that was asked for. */
  ttl: number;
  /** Deadlines on the two clocks; either one ends the lease. */
  monoEnd: number = Number.NEGATIVE_INFINITY;
  wallEnd: number = Number.NEGATIVE_INFINITY;
  /** False for a restored lease until Redis has confirmed it. */
  confirmed = false;
  ended: "released" | "handed over" | LockLostError | undefined;
  /** Whether the last renewal was not answered. */
  unanswered = false;
  renewals = 0;
  /** How Redis answered the release. */
  outcome: string | undefined;
  /** When it was granted, or restored, on the monotonic clock; for the age of a lease. */
  readonly since: number;
  maxHoldAt: number;
  /** Whether the lease is still referred to by the program. */
  alive: () => boolean = () => true;
  #controller: AbortController | undefined;
  #deadline: Timer | undefined;
  renewal: Timer | undefined;
  /** Resolves when the hold has ended. */
  readonly over: Promise<void>;
  #finish: () => void = () => {};
  #tail: Promise<unknown> = Promise.resolve();
  #release: Promise<boolean> | undefined;

  constructor(core: Core, keys: Keys, token: string, fence: number | undefined, settings: Settings) {
    this.core = core;
    this.keys = keys;
    this.token = token;
    this.settings = settings;
    this.fence = fence;
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.ttl = settings.ttl;
    this.since = core.clock.monotonic();
    this.maxHoldAt = settings.renew ? this.since + settings.maxHold : Number.POSITIVE_INFINITY;
  }

  /** When this hold is over at the latest, as far as is known; for {@link track}. */
  get until(): number {
    return this.monoEnd;
  }

  get owner(): string | undefined {
    return ownerOf(this.token);
  }

  /** Milliseconds left by the clock that leaves less; 0 once ended. */
  remaining(): number {
    if (this.ended) return 0;
    const { clock } = this.core;
    return Math.max(0, Math.min(this.monoEnd - clock.monotonic(), this.wallEnd - clock.now()));
  }

  /** Judged anew each time, and latched: a lease that was over once stays over, whatever the clocks do later. */
  held(): boolean {
    if (this.confirmed && !this.ended && this.remaining() <= 0) this.lose(this.unanswered ? "unreachable" : "expired");
    return this.confirmed && !this.ended;
  }

  /** Whether there is any point in asking Redis: held, or restored and not yet confirmed. */
  usable(): boolean {
    return this.held() || !(this.confirmed || this.ended);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.held();
      if (this.ended instanceof LockLostError) this.#controller.abort(this.ended);
    }
    return this.#controller.signal;
  }

  emit(type: LockEvent["type"], more?: Partial<LockEvent>): void {
    const ms = this.core.clock.monotonic() - this.since;
    this.core.emit({ type, name: this.keys.name, ms, attempts: 1, owner: this.owner, ...more });
  }

  /** Redis said at `sent` or later that the lock is held for `left` milliseconds more. */
  prolong(sent: Stamp, left: number): void {
    if (this.ended) return;
    const usable = left - drift(left);
    this.monoEnd = Math.max(this.monoEnd, sent.mono + usable);
    this.wallEnd = Math.max(this.wallEnd, sent.wall + usable);
    if (this.confirmed) return;
    this.confirmed = true;
    if (!this.held()) return;
    track(this.core.holds, this, this.core.clock.monotonic());
    this.#watch();
    if (this.settings.renew) renew(this);
  }

  /** Fires the signal at the deadline, not at the next renewal after it. */
  #watch(): void {
    const { background } = this.core;
    const ms = Math.min(this.remaining() - margin(this.ttl), this.maxHoldAt - background.monotonic());
    this.#deadline = background.timer(Math.max(1, ms), () => {
      if (!this.held()) return;
      if (background.monotonic() >= this.maxHoldAt) this.lose("max-hold");
      else if (this.remaining() <= margin(this.ttl)) this.lose(this.unanswered ? "unreachable" : "expired");
      else this.#watch();
    });
  }

  lose(reason: LostReason): void {
    if (this.ended) return;
    const message = `The lock ${JSON.stringify(this.keys.name)} was lost: ${EXPLAINED[reason]}.`;
    const error = new LockLostError(message, this.keys.name, reason);
    this.end(error);
    this.#controller?.abort(error);
    this.emit("lost", { reason, error });
  }

  end(how: NonNullable<Hold["ended"]>): void {
    this.ended ??= how;
    this.#deadline?.cancel();
    this.renewal?.cancel();
    this.core.holds.delete(this);
    this.#finish();
  }

  /** The error of a call that needs a lease which is still held. */
  gone(): LockLostError {
    if (this.ended instanceof LockLostError) return this.ended;
    return new LockLostError(`The lease of ${JSON.stringify(this.keys.name)} was ${this.ended}.`, this.keys.name, "deleted");
  }

  /** Requests of one lease are sent one after another. */
  serial<T>(send: () => Promise<T>): Promise<T> {
    const next = this.#tail.then(send);
    this.#tail = next.catch(() => {});
    return next;
  }

  /** Extends, or without a ttl asks; false when the lease is over. */
  async refresh(ttl: number | undefined, send: Send): Promise<boolean> {
    const { outcome, left, sent } = await this.core.store.extend(this.keys, this.token, ttl, send);
    if (outcome === "held") {
      if (this.usable()) this.prolong(sent, Math.max(0, left));
      return this.held();
    }
    if (this.usable()) this.lose(!this.confirmed ? "expired" : outcome === "gone" ? "deleted" : "taken");
    return false;
  }

  /** Asks until answered, for at most the limit of one command. */
  ask<T>(asked: string, send: (send: Send) => Promise<T>): Promise<T> {
    const { clock } = this.core;
    const limit = this.settings.commandTimeout;
    return this.serial(() =>
      persist({ clock, limit, until: clock.monotonic() + limit, name: this.keys.name, asked }, send),
    );
  }

  /** Milliseconds for which the name is to be kept if it were released now. */
  rest(): number {
    return Math.max(0, Math.ceil(this.settings.minHold - (this.core.clock.monotonic() - this.since)));
  }

  release(): Promise<boolean> {
    this.#release ??= this.#free();
    return this.#release;
  }

  async #free(): Promise<boolean> {
    const { clock, store } = this.core;
    const { commandTimeout: limit, fence } = this.settings;
    const wasHeld = this.held();
    if (this.ended === "handed over" || (this.ended instanceof LockLostError && /deleted|taken/.test(this.ended.reason))) {
      return false;
    }
    this.end("released");
    const until = this.confirmed ? this.monoEnd : clock.monotonic() + limit;
    const grant = { token: this.token, ttl: this.ttl, fence, life: recordLife(this.settings) };
    const { outcome } = await this.serial(() =>
      persist({ clock, limit, until, name: this.keys.name, asked: "release" }, (send) =>
        store.release(this.keys, grant, this.rest(), send),
      ),
    );
    this.outcome = outcome;
    const inTime = wasHeld && clock.monotonic() < this.monoEnd && clock.now() < this.wallEnd;
    const freed = outcome === "freed" || (outcome === "gone" && inTime);
    if (freed) this.emit("released");
    return freed;
  }

  /** Releases without ever rejecting. */
  async discard(): Promise<void> {
    try {
      await this.release();
    } catch (error) {
      if (error instanceof LockBackendError) this.emit("failed", { during: "release", error });
    }
  }
}
