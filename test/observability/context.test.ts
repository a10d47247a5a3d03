import { context, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { locked } from "../../src/decorators.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { rejection } from "../support/bench.ts";
import { idOf, parentOf, useContext, type Watched } from "./sdk.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

const nameOf = (span: Span | undefined) => (span as { name?: string } | undefined)?.name;

/** Notes with each request which span is active: a client's own spans would be its children. */
function noting({ network }: Watched): string[] {
  const noted: string[] = [];
  network.treat = ({ command }) => void noted.push(`${command} in ${nameOf(trace.getActiveSpan())}`);
  return noted;
}

test("request: the wait is active for every request, also after it has ended", async () => {
  const all = watching();
  const noted = noting(all);
  const { clock, traced, inCaller, spans } = all;
  let ended: string[] = [];
  const call = inCaller(() =>
    traced.request("x", async () => {
      await new Promise<void>((resolve) => clock.timer(11_000, resolve));
      ended = spans().map(({ name }) => name);
    }),
  );
  await clock.runUntilSettled(call);
  expect(noted).toEqual(["acquire in holdfast.wait", "extend in holdfast.wait", "release in holdfast.wait"]);
  expect(ended).toEqual(["holdfast.wait"]);
});

test("acquire: the hold is active for its release alone, and what follows runs as before", async () => {
  const all = watching();
  const noted = noting(all);
  const { clock, traced, inCaller } = all;
  let after: unknown;
  const { result: lease, caller } = await inCaller(async () => {
    const lease = await traced.acquire("x", { renew: true });
    after = trace.getActiveSpan();
    return lease;
  });
  await clock.advance(11_000);
  await context.with(trace.setSpan(context.active(), caller as unknown as Span), () => lease.release());
  expect(after).toBe(caller);
  expect(noted).toEqual(["acquire in holdfast.wait", "extend in holdfast.wait", "release in holdfast.hold"]);
});

test("what the callback starts is a child of the hold, under wrap and a decorator too", async () => {
  const { traced, tracer, spans } = watching();
  const work = async () => {
    await Promise.resolve();
    tracer.startSpan("work").end();
  };
  await traced.request("request", work);
  await traced.wrap(work, { name: "wrap" })();
  await locked({ name: "decorator", locks: traced })(work, { kind: "method" } as ClassMethodDecoratorContext)();
  const holds = spans().filter(({ name }) => name === "holdfast.hold");
  const children = spans().filter(({ name }) => name === "work");
  expect(holds.map(({ attributes }) => attributes["holdfast.lock.name"])).toEqual(["request", "wrap", "decorator"]);
  expect(children.map(parentOf)).toEqual(holds.map(idOf));
});

test("without a context manager it is a child of nothing", async () => {
  useContext(false);
  try {
    const { traced, tracer, span } = watching();
    await traced.request("x", () => tracer.startSpan("work").end());
    expect(parentOf(span("work"))).toBeUndefined();
  } finally {
    useContext();
  }
});

test("request: a hold lasts until the call is over, although the lock was lost before", async () => {
  const { traced, clock, rival, spans, span } = watching();
  let ended: string[] = [];
  const call = traced.request("x", async (lease) => {
    await rival.forceRelease("x");
    expect(await lease.verify()).toBe(false);
    await new Promise<void>((resolve) => clock.timer(5000, resolve));
    ended = spans().map(({ name }) => name);
  });
  await clock.runUntilSettled(rejection(call));
  expect(ended).toEqual(["holdfast.wait"]);
  expect(span("holdfast.hold").events.map(({ name }) => name)).toEqual(["holdfast.lost"]);
});

test.each(["acquire", "request"] as const)("%s: a release that failed is an event of the hold", async (how) => {
  const { traced, network, span } = watching();
  network.treat = ({ command }) => (command === "release" ? { refuses: new Error("NOAUTH") } : undefined);
  if (how === "request") await traced.request("x", () => {});
  else await rejection((await traced.acquire("x")).release());
  expect(span("holdfast.hold").events.map(({ name, attributes }) => [name, attributes])).toEqual([
    [
      "holdfast.failed",
      { "holdfast.operation": "release", "exception.message": expect.stringContaining("NOAUTH") as string },
    ],
  ]);
});

test("a hand-over is no error, and a restored lease is a hold from its first extend too", async () => {
  const { traced, rival, spans } = watching();
  const handed = (await traced.acquire("ours")).handOver();
  const theirs = (await rival.acquire("theirs")).handOver();
  expect(handed.name).toBe("ours");
  const lease = traced.restore(theirs);
  await lease.extend();
  await lease.release();
  const holds = spans().filter(({ name }) => name === "holdfast.hold");
  expect(holds.map(({ attributes, status }) => [attributes["holdfast.outcome"], status.code])).toEqual([
    ["handed over", SpanStatusCode.UNSET],
    ["released", SpanStatusCode.UNSET],
  ]);
});

test("a flight over traced locks has no spans, runs as its caller does, and its events are counted", async () => {
  const { traced, rival, clock, inCaller, spans, points } = watching();
  await rival.acquire("x", { ttl: "1s" });
  let during: unknown;
  const flown = inCaller(() =>
    singleFlight(traced, "x", { keep: "1m" }, () => {
      during = trace.getActiveSpan();
      return 42;
    }),
  );
  const { caller, result } = await clock.runUntilSettled(flown);
  expect([result, during]).toEqual([42, caller]);
  expect(spans().map(({ name }) => name)).toEqual(["caller"]);
  expect((await points()).map(({ name }) => name)).toEqual(["holdfast.contentions"]);
});
