import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import { context, createContextKey, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Clock } from "./clock.ts";
import { isLockError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Lease } from "./lease.ts";
import type { Metrics } from "./otel-metrics.ts";

/**
 * One call, and the hold that came of it. The context that a call runs in carries it, so that its events find it. It
 * must not refer to the lease: timers keep the context, and a lease that was dropped is to be collected.
 */
export interface Call {
  name: string;
  wait?: Span;
  hold?: Span;
  renewals: number;
  /** How the hold ended, where only an event says so. */
  ending?: Ending;
}

export interface Ending {
  outcome: "released" | "lost" | "handed over" | "not released";
  reason?: string | undefined;
}

export interface Waiting {
  call: Call;
  /** What the call itself runs in. */
  inside: Context;
  settle(outcome: "acquired" | "busy"): void;
  fail(error: unknown): void;
}

/** A lock that is held, as a span and in metrics. */
export interface Held {
  /** What is done under the lock runs in this. */
  inside: Context;
  /** The lock is no longer held. What an event said of it counts for more. */
  end(ending: Ending): void;
  /** So is the span, when what ran under the lock is over. */
  close(error?: unknown): void;
}

export interface Recorder {
  wait(name: string, parent: Context): Waiting;
  hold(call: Call, lease: Lease, parent: Context): Held;
  told(event: LockEvent): void;
}

const CALL = /* @__PURE__ */ createContextKey("holdfast call");
const NAME = "holdfast.lock.name";
const OUTCOME = "holdfast.outcome";
const ATTEMPTS = "holdfast.attempts";
const REASON = "holdfast.lost.reason";

const ENDS = { TIMEOUT: "timeout", BACKEND: "failed", CLOSED: "closed", OPTIONS: "refused", LOST: "failed" };

/** A context in which events are those of this call. */
export function within(call: Call, parent: Context): Context {
  return parent.setValue(CALL, call);
}

export function recorder(
  tracer: Tracer,
  measured: () => Metrics,
  clock: Clock,
  nameInMetrics: (name: string) => string | undefined = () => undefined,
): Recorder {
  /** What a user's function throws is not ours, and must not cost a lock. */
  function grouped(name: string): Attributes {
    try {
      return defined({ [NAME]: nameInMetrics(name) });
    } catch {
      return {};
    }
  }

  function stopwatch(): () => number {
    const began = clock.monotonic();
    return () => (clock.monotonic() - began) / 1000;
  }

  return {
    wait(name, parent) {
      const seconds = stopwatch();
      const wait = tracer.startSpan("holdfast.wait", { attributes: { [NAME]: name } }, parent);
      const call: Call = { name, wait, renewals: 0 };
      const settle = (outcome: string) => {
        if (!call.wait) return;
        delete call.wait;
        wait.setAttribute(OUTCOME, outcome).end();
        measured().waited(seconds(), { ...grouped(name), [OUTCOME]: outcome });
      };
      return {
        call,
        inside: within(call, trace.setSpan(parent, wait)),
        settle,
        fail(error) {
          // Whatever is no error of this library is what the caller's own signal gave as its reason.
          if (isLockError(error) && call.wait) mark(wait, error);
          if (isLockError(error, "TIMEOUT")) call.wait?.setAttribute(ATTEMPTS, error.attempts);
          settle(isLockError(error) ? ENDS[error.code] : "aborted");
        },
      };
    },

    hold(call, lease, parent) {
      const { name, signal } = lease;
      const seconds = stopwatch();
      const attributes = { [NAME]: name, "holdfast.lock.owner": lease.owner, "holdfast.lock.fence": fenceOf(lease) };
      const span = tracer.startSpan("holdfast.hold", { attributes: defined(attributes) }, parent);
      measured().holding(1, grouped(name));
      call.hold = span;
      let ended = false;

      const end: Held["end"] = (ending) => {
        if (ended) return;
        ended = true;
        const { outcome, reason } = call.ending ?? ending;
        const how = defined({ [OUTCOME]: outcome, [REASON]: reason });
        span.setAttributes(how);
        measured().holding(-1, grouped(name));
        measured().held(seconds(), { ...grouped(name), ...how });
      };
      signal.addEventListener("abort", () => {
        const { reason } = signal.reason as { reason: string };
        span.addEvent("holdfast.lost", { [REASON]: reason });
        end({ outcome: "lost", reason });
      });

      return {
        inside: trace.setSpan(parent, span),
        end,
        close(error = signal.aborted ? signal.reason : undefined) {
          if (!call.hold) return;
          delete call.hold;
          if (error !== undefined) mark(span, error);
          span.setAttribute("holdfast.renewals", call.renewals).end();
        },
      };
    },

    told(event) {
      const { type, name, attempts, owner, reason, during, error } = event;
      measured().event(event, grouped(name));
      const call = context.active().getValue(CALL) as Call | undefined;
      if (call?.name !== name) return;
      call.wait?.setAttributes(defined({ [ATTEMPTS]: attempts, "holdfast.lock.owner": owner }));
      if (type === "waiting") call.wait?.setAttribute("holdfast.contended", true);
      if (type === "renewed") call.renewals++;
      if (type === "released") call.ending = { outcome: "released" };
      if (type === "lost") call.ending = { outcome: "lost", reason };
      if (type !== "failed" || during === "acquire") return;
      if (during === "release") call.ending = { outcome: "not released" };
      call.hold?.addEvent("holdfast.failed", { "holdfast.operation": during, "exception.message": error.message });
    },
  };
}

function mark(span: Span, error: unknown): void {
  const { name, message } = Object(error) as Partial<Error>;
  span.setAttribute("error.type", name || "_OTHER");
  span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? String(error) });
}

/** Reading a fence that was not minted throws. */
function fenceOf(lease: Lease): number | undefined {
  try {
    return lease.fence;
  } catch {
    return undefined;
  }
}

function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
