import type { Attributes, Meter } from "@opentelemetry/api";
import type { LockEvent } from "./events.ts";

/** What is counted and measured, in the style of the semantic conventions: durations in s, counts in `{things}`. */
export interface Metrics {
  /** How long callers waited, by how it ended. */
  waited(seconds: number, attributes: Attributes): void;
  /** How long locks were held, by how it ended. */
  held(seconds: number, attributes: Attributes): void;
  /** How many locks are held now. */
  holding(change: 1 | -1, attributes: Attributes): void;
  event(event: LockEvent, attributes: Attributes): void;
}

/** Seconds. Those of waits are the ones that the conventions have for requests; work takes longer. */
const WAITS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60];
const HOLDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

export function metricsOf(meter: Meter): Metrics {
  const histogram = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries } });
  const counter = (name: string, unit: string, description: string) => meter.createCounter(name, { description, unit });

  const waits = histogram("holdfast.wait.duration", "Time from the call to the lock, or to giving it up.", WAITS);
  const holds = histogram("holdfast.hold.duration", "Time from the grant to the end of the hold.", HOLDS);
  const active = meter.createUpDownCounter("holdfast.active_holds", {
    description: "Locks held now.",
    unit: "{hold}",
  });
  const contentions = counter("holdfast.contentions", "{contention}", "Calls that found the lock held by another.");
  const renewals = counter("holdfast.renewals", "{renewal}", "Automatic renewals that succeeded.");
  const losses = counter("holdfast.losses", "{loss}", "Locks that ended before they were released.");
  const failures = counter("holdfast.failures", "{failure}", "What Redis did not do although it was asked.");

  return {
    waited: (seconds, attributes) => waits.record(seconds, attributes),
    held: (seconds, attributes) => holds.record(seconds, attributes),
    holding: (change, attributes) => active.add(change, attributes),
    event({ type, reason, during }, attributes) {
      if (type === "waiting") contentions.add(1, attributes);
      if (type === "renewed") renewals.add(1, attributes);
      if (type === "lost") losses.add(1, { ...attributes, "holdfast.lost.reason": reason });
      if (type === "failed") failures.add(1, { ...attributes, "holdfast.operation": during });
    },
  };
}
