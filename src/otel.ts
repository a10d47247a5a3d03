/**
 * Spans and metrics by OpenTelemetry. Needs `@opentelemetry/api` 1.9 or later, an optional peer dependency.
 *
 * @module holdfast/otel
 */
import type { Meter, Tracer } from "@opentelemetry/api";
import { context, metrics, trace } from "@opentelemetry/api";
import type { Clock } from "./clock.ts";
import { platformClock } from "./clock.ts";
import { isLockError } from "./errors.ts";
import type { LockEvent } from "./events.ts";
import type { Lease } from "./lease.ts";
import type { Locks, WrapOptions } from "./locks.ts";
import type { AcquireOptions, RequestOptions } from "./options.ts";
import type { Metrics } from "./otel-metrics.ts";
import { metricsOf } from "./otel-metrics.ts";
import type { Call, Held, Recorder } from "./otel-spans.ts";
import { recorder, within } from "./otel-spans.ts";
import type { Signal } from "./signal.ts";

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** Makes the spans. @default the global provider's when `instrument` is called, under the name `holdfast` */
  tracer?: Tracer | undefined;
  /** Makes the metrics. @default the global provider's at the first use, under the name `holdfast` */
  meter?: Meter | undefined;
  /**
   * What metrics say for the name of a lock, as `holdfast.lock.name`. Names are many (`invoice:42`), and each would be a
   * series of its own; `invoice` is one. Where it throws, there is none.
   * @default none: only spans have the name
   */
  nameInMetrics?: ((name: string) => string | undefined) | undefined;
  /** For the durations in metrics, which are in seconds. Give it what `createLocks` was given. @default the platform's */
  clock?: Clock | undefined;
}

/** What {@link instrument} gives. */
export interface Instrumentation {
  /** For `createLocks`: counts what happens, and tells the spans. */
  onEvent(event: LockEvent): void;
  /**
   * The same locks; what waits for them and what holds them are spans, and measured. They and their leases behave as the
   * ones they were made of. Flights of `singleFlight` over them are counted by `onEvent`, and have no spans.
   */
  traced(locks: Locks): Locks;
}

/**
 * Spans and metrics by `@opentelemetry/api`. Each wait is a span `holdfast.wait` and each hold a span `holdfast.hold`,
 * both children of the caller's. What the callback of `request` does is within the span of the hold. Their names,
 * attributes and units are in `docs/observability.md`.
 *
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { memory } from "holdfast/memory";
 * import { instrument } from "holdfast/otel";
 *
 * const { onEvent, traced } = instrument();
 * const locks = traced(createLocks(memory(), { onEvent }));
 * await locks.request("invoice:42", (lease) => charge({ invoice: 42, fence: lease.fence }));
 * ```
 */
export function instrument(options: InstrumentOptions = {}): Instrumentation {
  const { tracer = trace.getTracer("holdfast"), meter, nameInMetrics, clock = platformClock } = options;
  let made: Metrics | undefined;
  // At the first use: the global meter that is asked for before the SDK has started stays without effect.
  const measured = () => {
    made ??= metricsOf(meter ?? metrics.getMeter("holdfast"));
    return made;
  };
  const record = recorder(tracer, measured, clock, nameInMetrics);
  return { onEvent: record.told, traced: (locks) => traced(locks, record) };
}

function traced(locks: Locks, record: Recorder): Locks {
  type Callback = (lease: Lease | null) => unknown;

  async function request(name: string, options: RequestOptions, callback?: Callback): Promise<unknown> {
    if (typeof callback !== "function") return locks.request(name, options, callback as never);
    const parent = context.active();
    const wait = record.wait(name, parent);
    let held: Held | undefined;
    let failure: unknown;
    try {
      return await context.with(wait.inside, () =>
        locks.request(name, options, (lease: Lease | null) => {
          wait.settle(lease ? "acquired" : "busy");
          if (!lease) return context.with(parent, () => callback(lease));
          held = record.hold(wait.call, lease, parent);
          return context.with(held.inside, () => callback(lease));
        }),
      );
    } catch (error) {
      failure = error;
      wait.fail(error);
      throw error;
    } finally {
      const lost = isLockError(failure, "LOST") && failure.lockName === name && failure.reason;
      held?.end(lost ? { outcome: "lost", reason: lost } : { outcome: "released" });
      held?.close(failure);
    }
  }

  async function take<T extends Lease | null>(name: string, ask: () => Promise<T>): Promise<T> {
    const parent = context.active();
    const wait = record.wait(name, parent);
    try {
      const lease = await context.with(wait.inside, ask);
      wait.settle(lease ? "acquired" : "busy");
      return lease && (handle(lease, wait.call, record.hold(wait.call, lease, parent)) as T);
    } catch (error) {
      wait.fail(error);
      throw error;
    }
  }

  return {
    ...locks,
    request: (async (name: string, options: RequestOptions | Callback, callback?: Callback) =>
      typeof options === "function"
        ? request(name, {}, options)
        : request(name, options, callback)) as Locks["request"],
    acquire: (name, options) => take(name, () => locks.acquire(name, options)),
    tryAcquire: (name, options) => take(name, () => locks.tryAcquire(name, options)),
    restore: (serialized, options) => restored(locks.restore(serialized, options), record),
    wrap<This, Args extends unknown[], Result>(fn: (this: This, ...args: Args) => Result, options: WrapOptions<Args>) {
      locks.wrap(fn, options);
      const { name, ...rest } = options;
      return async function (this: This, ...args: Args): Promise<Awaited<Result>> {
        const own = typeof name === "function" ? name(...args) : name;
        return request(own, rest, () => fn.apply(this, args)) as Promise<Awaited<Result>>;
      };
    },
    withOptions: (overrides: AcquireOptions) => traced(locks.withOptions(overrides), record),
  };
}

/** The lease, with what ends it told to the span. Like the lease itself it has no properties of its own. */
function handle(lease: Lease, call: Call, held: Held): Lease {
  const inside = within(call, held.inside);
  closeWhenLost(held, lease.signal);

  async function release(): Promise<boolean> {
    try {
      const freed = await context.with(inside, () => lease.release());
      held.end({ outcome: freed ? "released" : "lost" });
      held.close();
      return freed;
    } catch (error) {
      held.end({ outcome: "not released" });
      held.close(error);
      throw error;
    }
  }

  return over(lease, {
    release,
    async [Symbol.asyncDispose]() {
      await context.with(inside, () => lease[Symbol.asyncDispose]());
      // Answers as it did, without asking again.
      await release().catch(() => {});
    },
    handOver() {
      const serialized = lease.handOver();
      held.end({ outcome: "handed over" });
      held.close();
      return serialized;
    },
  });
}

/** A function of its own: a listener made where the lease is in use would keep it from being collected. */
function closeWhenLost(held: Held, signal: Signal): void {
  signal.addEventListener("abort", () => held.close());
}

/** Held from when Redis has confirmed it. */
function restored(lease: Lease, record: Recorder): Lease {
  const call: Call = { name: lease.name, renewals: 0 };
  let own: Lease | undefined;

  async function confirming<T>(ask: () => Promise<T>): Promise<T> {
    const parent = context.active();
    const answer = await context.with(within(call, parent), ask);
    if (lease.held) own ??= handle(lease, call, record.hold(call, lease, parent));
    return answer;
  }

  return over(lease, {
    verify: () => confirming(() => lease.verify()),
    extend: (ttl) => confirming(() => lease.extend(ttl)),
    release: () => (own ?? lease).release(),
    [Symbol.asyncDispose]: () => (own ?? lease)[Symbol.asyncDispose](),
    handOver: () => (own ?? lease).handOver(),
  });
}

function over(lease: Lease, members: Partial<Lease>): Lease {
  return Object.create(Object.create(lease, Object.getOwnPropertyDescriptors(members)));
}
