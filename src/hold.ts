import type { Clock, Timer } from "./clock.ts";
import type { Call, Report } from "./core.ts";
import { track } from "./core.ts";
import type { Instant } from "./deadline.ts";
import { lessDrift, margin, since } from "./deadline.ts";
import type { LostReason } from "./errors.ts";
import { LockLostError } from "./errors.ts";
import type { Persistence, Scope } from "./limit.ts";
import { persist, stop, within } from "./limit.ts";
import { lostError } from "./lost.ts";
import { renew } from "./renew.ts";
import type { Stamped } from "./reply.ts";
import type { Signal } from "./signal.ts";

/**
 * What this process knows about a lock that it was granted. Timers refer to the hold and not to the lease, so that a
 * lease that the program has dropped can be collected.
 */
export interface Hold {
  /** The longest ttl that was asked for. */
  ttl: number;
  /** The deadline. A restored lease has none until Redis confirms it. */
  deadline: Instant;
  confirmed: boolean;
  ended?: "released" | "handed over" | LockLostError;
  /** Why the deadline passes, if it does. */
  overdue: "expired" | "unreachable";
  /** The end of automatic renewal, on the monotonic clock. */
  maxHoldAt: number;
  /** Whether the lease is still referred to by the program. */
  alive(): boolean;
  renewal?: Timer;
  /** What a renewal is asked under. */
  scope: Scope;
  signal(): Signal;
  /** Milliseconds left by the clock that leaves less; 0 once ended. Judged anew each time, and latched. */
  left(): number;
  /** Whether there is any point in asking Redis: held, or restored and not yet confirmed. */
  usable(): boolean;
  /** Redis said, at the stamp or later, that the lock is held for `left` milliseconds more. */
  prolong(answer: Stamped): void;
  lose(reason: LostReason): void;
  stop(how: NonNullable<Hold["ended"]>): void;
  /** Requests of one lease are sent one after another. */
  inTurn<T>(clock: Clock, send: () => Promise<T>): Promise<T>;
  /** Extends, or without a ttl asks; false when the lease is over. */
  refresh(asked: string, ttl?: number, limits?: Partial<Persistence>): Promise<boolean>;
  /** The error of a call that needs a lease which is still held. */
  lossError(): LockLostError;
}

/** `end`: what `close` does to it. */
export function createHold(
  call: Call,
  token: string,
  fence: number | undefined,
  report: Report,
  end: () => unknown,
): Hold {
  const { clock, background, core, holds, store, name, commandTimeout } = call;
  const start = clock.monotonic();
  let finish = () => {};
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let watch: Timer | undefined;
  let tail: Promise<unknown> = Promise.resolve();
  let queued = 0;
  let controller: AbortController | undefined;

  /** Fires the signal before the deadline, not at the next renewal after it. */
  function guard(): void {
    const untilMaxHold = hold.maxHoldAt - clock.monotonic();
    const untilEnd = hold.left() - margin(hold.ttl);
    if (hold.ended) return;
    if (untilMaxHold <= 0) hold.lose("max-hold");
    else if (untilEnd <= 0) hold.lose(hold.overdue);
    else watch = background.timer(Math.max(1, Math.min(untilEnd, untilMaxHold)), guard);
  }

  const hold: Hold = {
    ttl: call.ttl,
    deadline: { mono: -Infinity, wall: -Infinity },
    confirmed: false,
    overdue: "expired",
    maxHoldAt: call.renew ? start + call.maxHold : Infinity,
    alive: () => true,
    scope: {},

    signal() {
      hold.left();
      controller ??= new AbortController();
      if (hold.ended instanceof LockLostError) controller.abort(hold.ended);
      return controller.signal;
    },

    left() {
      const left = -since(clock, hold.deadline);
      if (left <= 0 && hold.confirmed) hold.lose(hold.overdue);
      return hold.ended ? 0 : Math.max(0, left);
    },

    usable: () => hold.left() > 0 || !(hold.ended || hold.confirmed || core.closing),

    prolong({ mono, wall, left }) {
      const { deadline, confirmed } = hold;
      const usable = lessDrift(left);
      deadline.mono = Math.max(deadline.mono, mono + usable);
      deadline.wall = Math.max(deadline.wall, wall + usable);
      hold.confirmed = true;
      if (confirmed || !hold.left()) return;
      track(call, holds, { until: deadline.mono, over, end });
      guard();
      if (call.renew)
        renew(call, hold, report, start + call.maxHold, Math.min(hold.ttl, left - since(clock, { mono, wall })));
    },

    lose(reason) {
      if (hold.ended) return;
      const error = lostError(name, reason);
      hold.stop(error);
      try {
        controller?.abort(error);
      } catch {
        // A Worker refuses to touch what another request has made, which may be over.
      }
      report("lost", { reason, error });
    },

    stop(how) {
      hold.ended ??= how;
      watch?.cancel();
      hold.renewal?.cancel();
      // Only a release has to come after the renewal that is under way.
      if (how !== "released") stop(hold.scope, how);
      finish();
    },

    inTurn(clock, send) {
      // No longer than those before may take: a Worker's request that ended took its promises with it. And by a clock that
      // keeps the process alive, which a renewal's time limit does not.
      const turn = queued
        ? within(clock, queued * commandTimeout, () => tail)
            .catch(() => {})
            .then(send)
        : send();
      queued++;
      const answered = turn.finally(() => queued--);
      tail = answered.catch(() => {});
      return answered;
    },

    refresh(asked, ttl, limits) {
      const bounds = { ...call, ...limits, usable: hold.usable };
      return hold.inTurn(bounds.clock, async () => {
        if (!hold.usable()) return false;
        const answer = await persist(bounds, asked, (send) => store.extend(bounds, token, ttl, send, fence));
        if (!hold.usable()) return false;
        if (answer.outcome === "held") hold.prolong(answer);
        else hold.lose(!hold.confirmed ? "expired" : answer.outcome === "gone" ? "deleted" : "taken");
        return hold.left() > 0;
      });
    },

    lossError() {
      const { ended } = hold;
      if (ended instanceof LockLostError) return ended;
      return lostError(name, ended ? "deleted" : "closed", undefined, ended && `it was ${ended}`);
    },
  };
  return hold;
}
