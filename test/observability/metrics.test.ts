import { metrics, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { read, tableUnder } from "../docs/markdown.ts";
import { rejection } from "../support/bench.ts";
import type { Point } from "./sdk.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

const only = (points: Point[], name: string) =>
  points.filter((point) => point.name === name).map(({ name: _, unit: __, ...rest }) => rest);

/** Everything that can be measured, on one clock: a wait of 3 s, holds of 7 and 10 s, a renewal, losses, failures. */
async function everything(all: ReturnType<typeof watching>): Promise<void> {
  const { traced, rival, clock, network } = all;
  const held = await rival.acquire("a");
  const waiting = traced.acquire("a", { ttl: "9s", renew: true, retry: () => 1000 });
  await clock.advance(2500);
  await held.release();
  const lease = await clock.runUntilSettled(waiting);
  await clock.advance(4000);
  network.treat = ({ command }) => (command === "extend" ? { refuses: new Error("LOADING") } : undefined);
  await clock.advance(2000);
  network.treat = () => undefined;
  await clock.advance(1000);
  await lease.release();
  await clock.runUntilSettled(
    rejection(
      traced.request("b", { maxHold: "10s", ttl: "10s" }, () => clock.timer(20_000, () => {}) && clock.advance(15_000)),
    ),
  );
  await traced.acquire("still held", { ttl: "1h" });
  await rejection(traced.acquire("still held", { wait: 0 }));
}

test("waits, holds, contention, renewals, losses and failures, in seconds and by outcome, without any name", async () => {
  const all = watching();
  await everything(all);
  const points = await all.points();
  expect(only(points, "holdfast.wait.duration")).toEqual([
    { attributes: { "holdfast.outcome": "acquired" }, value: 3, count: 3 },
    { attributes: { "holdfast.outcome": "timeout" }, value: 0, count: 1 },
  ]);
  expect(only(points, "holdfast.hold.duration")).toStrictEqual([
    { attributes: { "holdfast.outcome": "released" }, value: 7, count: 1 },
    { attributes: { "holdfast.outcome": "lost", "holdfast.lost.reason": "max-hold" }, value: 10, count: 1 },
  ]);
  expect(only(points, "holdfast.active_holds")).toEqual([{ attributes: {}, value: 1 }]);
  expect(only(points, "holdfast.contentions")).toEqual([{ attributes: {}, value: 2 }]);
  expect(only(points, "holdfast.losses")).toEqual([{ attributes: { "holdfast.lost.reason": "max-hold" }, value: 1 }]);
  expect(only(points, "holdfast.failures")).toEqual([{ attributes: { "holdfast.operation": "renew" }, value: 1 }]);
  const [renewals] = only(points, "holdfast.renewals");
  expect(renewals?.attributes).toEqual({});
  expect(renewals?.value).toBeGreaterThan(1);
});

test("metrics have a name only where they are told one, such as a group of names", async () => {
  const { traced, points } = watching({}, { nameInMetrics: (name) => /^(\w+):/.exec(name)?.[1] });
  await traced.request("invoice:42", () => {});
  await traced.request("invoice:43", () => {});
  await traced.request("other", () => {});
  expect(only(await points(), "holdfast.wait.duration").map(({ attributes, count }) => [attributes, count])).toEqual([
    [{ "holdfast.outcome": "acquired", "holdfast.lock.name": "invoice" }, 2],
    [{ "holdfast.outcome": "acquired" }, 1],
  ]);
});

test("the documented metrics are these, with these units", async () => {
  const all = watching();
  await everything(all);
  const made = new Map((await all.points()).map(({ name, unit }) => [name, unit]));
  const rows = tableUnder(read("docs/observability.md"), "Metrics");
  const documented = rows.map(([name = "", unit = ""]) => [name.replaceAll("`", ""), unit.replaceAll("`", "")]);
  expect(documented.sort()).toEqual([...made].sort());
});

test("the global providers are used where none is given, whenever they come", async () => {
  const { instrument } = await import("../../src/otel.ts");
  const { traced } = instrument();
  const all = watching();
  const asked: string[] = [];
  const meter = metrics.getMeter("without effect");
  const asking =
    <T>(what: string, thing: T) =>
    (name: string) => {
      asked.push(`${what} ${name}`);
      return thing;
    };
  metrics.setGlobalMeterProvider({ getMeter: asking("meter", meter) });
  trace.setGlobalTracerProvider({ getTracer: asking("tracer", all.tracer) });
  try {
    await traced(all.rival).request("x", () => {});
    expect(asked).toEqual(["tracer holdfast", "meter holdfast"]);
    expect(all.spans().map(({ name }) => name)).toEqual(["holdfast.wait", "holdfast.hold"]);
  } finally {
    metrics.disable();
    trace.disable();
  }
});
