import { metrics, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { createLocks } from "../../src/index.ts";
import { instrument } from "../../src/otel.ts";
import { read, tableUnder } from "../docs/markdown.ts";
import { rejection } from "../support/bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";
import { type Point, useContext } from "./sdk.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

const only = (points: Point[], name: string) =>
  points.filter((point) => point.name === name).map(({ name: _, unit: __, kind: ___, ...rest }) => rest);

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

test("the documented metrics are these, with these units, kinds and attributes", async () => {
  const all = watching();
  await everything(all);
  const points = await all.points();
  const made = [...new Set(points.map(({ name }) => name))].map((name) => {
    const own = points.filter((point) => point.name === name);
    const attributes = new Set(own.flatMap((point) => Object.keys(point.attributes)));
    return [name, own[0]?.unit, own[0]?.kind, [...attributes].sort()];
  });
  const documented = tableUnder(read("docs/observability.md"), "Metrics").map((row) => {
    const [name, unit, kind, attributes = ""] = row.map((cell) => cell.replaceAll("`", ""));
    return [name, unit, kind, (attributes.match(/holdfast\.[\w.]+/g) ?? []).sort()];
  });
  expect(documented.sort()).toEqual(made.sort());
});

test("an operation that failed is each that an event may say", async () => {
  const { traced, clock, network, points } = watching();
  const refusing = { refuses: new Error("NOAUTH") };
  network.treat = () => refusing;
  await rejection(traced.acquire("x"));
  network.treat = ({ command }) => (command === "acquire" ? undefined : refusing);
  const lease = await traced.acquire("x", { renew: true });
  await clock.advance(10_000);
  await rejection(lease.release());
  network.treat = () => BLACK_HOLE;
  await clock.runUntilSettled(rejection(traced.tryAcquire("y")));
  await clock.advance(60_000);
  const made = only(await points(), "holdfast.failures").flatMap(({ attributes }) => Object.values(attributes));
  const [, , , more = ""] = tableUnder(read("docs/observability.md"), "Events").at(-1) ?? [];
  const documented = (more.match(/(?<=`)[\w-]+(?=`)/g) ?? []).filter((word) => !["during", "error"].includes(word));
  expect(made.sort()).toEqual(documented.sort());
});

test("nameInMetrics names each of them", async () => {
  const all = watching({}, { nameInMetrics: (name) => name });
  await everything(all);
  const points = await all.points();
  expect(new Set(points.map(({ name }) => name)).size).toBe(7);
  for (const { attributes } of points) expect(attributes).toHaveProperty(["holdfast.lock.name"]);
});

test("a nameInMetrics that throws costs the name alone, and no lock", async () => {
  const nameInMetrics = () => {
    throw new Error("its own");
  };
  const { traced, rival, points } = watching({}, { nameInMetrics });
  const lease = await traced.acquire("x");
  await lease.release();
  expect(await rival.tryAcquire("x")).not.toBeNull();
  expect(await traced.request("y", () => "done")).toBe("done");
  for (const { attributes } of await points()) expect(attributes).not.toHaveProperty(["holdfast.lock.name"]);
});

test("without a context manager the metrics are the same", async () => {
  const [known, unknown] = [watching(), watching()];
  await everything(known);
  useContext(false);
  try {
    await everything(unknown);
  } finally {
    useContext();
  }
  expect(await unknown.points()).toEqual(await known.points());
});

test("metrics that were made before the SDK started stay without effect, spans do not", async () => {
  const { store, providers, spans, points } = watching();
  const instrumented = () => {
    const { onEvent, traced } = instrument();
    return traced(createLocks(store, { onEvent }));
  };
  const early = instrumented();
  await early.request("before", () => {});
  trace.setGlobalTracerProvider(providers.tracers);
  metrics.setGlobalMeterProvider(providers.meters);
  try {
    await early.request("after", () => {});
    expect(spans().map(({ name }) => name)).toEqual(["holdfast.wait", "holdfast.hold"]);
    expect(await points()).toEqual([]);
    await instrumented().request("after", () => {});
    expect(await points()).not.toEqual([]);
  } finally {
    metrics.disable();
    trace.disable();
  }
});

test("the global providers are used where none is given, whenever they come", async () => {
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
