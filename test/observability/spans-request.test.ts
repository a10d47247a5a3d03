import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { rejection } from "../support/bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";
import { idOf, parentOf, useContext } from "./sdk.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

const { ERROR, UNSET } = SpanStatusCode;

test("request: a span for the wait and one for the hold, children of the caller's; the work is within the hold", async () => {
  const { traced, inCaller, span, spans } = watching({ owner: "me" });
  let during: unknown;
  let after: unknown;
  const { caller, result } = await inCaller(async () => {
    const fence = await traced.request("invoice:42", async (lease) => {
      await Promise.resolve();
      during = trace.getActiveSpan();
      return lease.fence;
    });
    after = trace.getActiveSpan();
    return fence;
  });
  const [wait, hold] = [span("holdfast.wait"), span("holdfast.hold")];
  expect([parentOf(wait), parentOf(hold)]).toEqual([idOf(caller), idOf(caller)]);
  expect((during as typeof hold).spanContext().spanId).toBe(idOf(hold));
  expect(after).toBe(caller);
  expect(wait.attributes).toEqual({
    "holdfast.lock.name": "invoice:42",
    "holdfast.lock.owner": "me",
    "holdfast.attempts": 1,
    "holdfast.outcome": "acquired",
  });
  expect(hold.attributes).toEqual({
    "holdfast.lock.name": "invoice:42",
    "holdfast.lock.owner": "me",
    "holdfast.lock.fence": result,
    "holdfast.renewals": 0,
    "holdfast.outcome": "released",
  });
  expect(spans().map(({ name, status }) => [name, status.code])).toEqual([
    ["holdfast.wait", UNSET],
    ["holdfast.hold", UNSET],
    ["caller", UNSET],
  ]);
});

test("a wait that was contended says so, and how many requests it took", async () => {
  const { traced, rival, clock, span } = watching();
  const held = await rival.acquire("x");
  const waiting = traced.request("x", { retry: () => 1000 }, () => {});
  await clock.advance(2500);
  await held.release();
  await clock.runUntilSettled(waiting);
  expect(span("holdfast.wait").attributes).toMatchObject({ "holdfast.contended": true, "holdfast.attempts": 4 });
});

test.each([
  ["timeout", "LockTimeoutError", ERROR],
  ["failed", "LockBackendError", ERROR],
  ["closed", "LockClosedError", ERROR],
  ["refused", "LockOptionsError", ERROR],
  ["aborted", undefined, UNSET],
  ["busy", undefined, UNSET],
])("a wait that ends without the lock has its outcome, and no hold: %s", async (outcome, error, code) => {
  const { traced, rival, clock, network, span, spans } = watching();
  await rival.acquire("x");
  if (outcome === "failed") network.treat = () => ({ refuses: new Error("NOAUTH") });
  const controller = new AbortController();
  const options = {
    signal: controller.signal,
    wait: outcome === "refused" ? "soon" : "3s",
    ifAvailable: outcome === "busy",
  };
  const call = traced.request("x", options, (lease) => lease).catch(() => {});
  await clock.advance(500);
  if (outcome === "aborted") controller.abort();
  if (outcome === "closed") await traced.close();
  await clock.runUntilSettled(call);
  expect(spans().map(({ name }) => name)).toEqual(["holdfast.wait"]);
  const wait = span("holdfast.wait");
  expect([wait.attributes["holdfast.outcome"], wait.attributes["error.type"], wait.status.code]).toEqual([
    outcome,
    error,
    code,
  ]);
  if (outcome === "timeout") expect(wait.attributes["holdfast.attempts"]).toBeGreaterThan(2);
});

test("a callback that gets null runs as its caller would, and what it throws is not the wait's", async () => {
  const { traced, rival, inCaller, span } = watching();
  await rival.acquire("x");
  let during: unknown;
  const { caller } = await inCaller(async () => {
    const failing = traced.request("x", { ifAvailable: true }, () => {
      during = trace.getActiveSpan();
      throw new Error("its own");
    });
    expect(await rejection(failing)).toMatchObject({ message: "its own" });
  });
  expect(during).toBe(caller);
  expect(span("holdfast.wait").status.code).toBe(UNSET);
});

test("what the callback throws passes through, and marks the span of the hold", async () => {
  const { traced, span } = watching();
  const thrown = new TypeError("its own");
  expect(await rejection(traced.request("x", () => Promise.reject(thrown)))).toBe(thrown);
  const { attributes, status } = span("holdfast.hold");
  expect(status).toEqual({ code: ERROR, message: "its own" });
  expect(attributes).toMatchObject({ "error.type": "TypeError", "holdfast.outcome": "released" });
});

test("a lock that is lost under the callback: when, why, and after how many renewals", async () => {
  const { traced, rival, clock, network, span } = watching();
  const call = traced.request("x", async () => {
    await new Promise<void>((resolve) => clock.timer(25_000, resolve));
    await rival.forceRelease("x");
    await new Promise<void>((resolve) => clock.timer(25_000, resolve));
  });
  await clock.advance(11_000);
  network.treat = ({ nth }) => (nth === 2 ? { refuses: new Error("LOADING") } : undefined);
  expect(await clock.runUntilSettled(rejection(call))).toMatchObject({ code: "LOST", reason: "taken" });
  const { attributes, events, status } = span("holdfast.hold");
  expect(attributes).toMatchObject({
    "error.type": "LockLostError",
    "holdfast.lost.reason": "taken",
    "holdfast.outcome": "lost",
    "holdfast.renewals": 1,
  });
  expect(
    events.map(({ name, attributes: more }) => [name, more?.["holdfast.operation"] ?? more?.["holdfast.lost.reason"]]),
  ).toEqual([
    ["holdfast.failed", "renew"],
    ["holdfast.lost", "taken"],
  ]);
  expect(status.code).toBe(ERROR);
});

test("renewals are counted with the platform's own timers", async () => {
  const { traced, span } = watching({ clock: undefined, ttl: "300ms" });
  await traced.request("x", async (lease) => {
    const { expiresAt } = lease;
    while (lease.expiresAt < expiresAt + 50) await new Promise((resolve) => setTimeout(resolve, 10));
    // The event follows the answer that moved the deadline.
    await new Promise((resolve) => setImmediate(resolve));
  });
  expect(span("holdfast.hold").attributes["holdfast.renewals"]).toBeGreaterThanOrEqual(1);
});

test("a loss that only the release notices is one all the same", async () => {
  const { traced, rival, span } = watching();
  await rejection(traced.request("x", () => rival.forceRelease("x")));
  expect(span("holdfast.hold").attributes).toMatchObject({
    "error.type": "LockLostError",
    "holdfast.lost.reason": "taken",
    "holdfast.outcome": "lost",
  });
});

test("a release that failed is no release", async () => {
  const { traced, network, span } = watching();
  await traced.request("x", () => {
    network.treat = () => ({ refuses: new Error("NOAUTH") });
  });
  expect(span("holdfast.hold").attributes).toMatchObject({ "holdfast.outcome": "not released" });
});

test("many at once in one process: each call has its own spans", async () => {
  const { traced, clock, spans, inCaller } = watching();
  const callers = ["a", "b", "c"].map((who) =>
    inCaller(() =>
      traced.request("x", { wait: "1m", retry: () => 100 }, async () => {
        await new Promise<void>((resolve) => clock.timer(250, resolve));
        return who;
      }),
    ),
  );
  const done = await clock.runUntilSettled(Promise.all(callers));
  for (const { caller } of done) {
    const children = spans().filter((span) => parentOf(span) === idOf(caller));
    expect(children.map(({ name }) => name).sort()).toEqual(["holdfast.hold", "holdfast.wait"]);
  }
  const attempts = spans().flatMap(({ attributes }) => attributes["holdfast.attempts"] ?? []);
  expect(attempts).toEqual([1, 4, 7]);
});

test("without a context manager there are the same spans, only that the work does not see them", async () => {
  useContext(false);
  try {
    const { traced, clock, network, span } = watching();
    network.treat = ({ nth, command }) => (command === "acquire" && nth === 1 ? BLACK_HOLE : undefined);
    await clock.runUntilSettled(traced.request("x", () => {}));
    expect(span("holdfast.wait").attributes).toEqual({ "holdfast.lock.name": "x", "holdfast.outcome": "acquired" });
    expect(span("holdfast.hold").attributes).toMatchObject({ "holdfast.outcome": "released" });
    expect(context.active().getValue(Symbol.for("holdfast call"))).toBeUndefined();
  } finally {
    useContext();
  }
});

test("without a context manager a loss that only the release notices is known by what the call answers", async () => {
  useContext(false);
  try {
    const { traced, rival, spans } = watching();
    await rejection(traced.request("x", () => rival.forceRelease("x")));
    const lease = await traced.acquire("y");
    await rival.forceRelease("y");
    await lease.release();
    const holds = spans().filter(({ name }) => name === "holdfast.hold");
    expect(holds.map(({ attributes }) => [attributes["holdfast.outcome"], attributes["holdfast.lost.reason"]])).toEqual(
      [
        ["lost", "taken"],
        ["lost", undefined],
      ],
    );
  } finally {
    useContext();
  }
});

test("no span has a token", async () => {
  const { traced, rival, clock, network, spans } = watching({ owner: "me" });
  let token = "";
  network.treat = (call) =>
    call.nth === 1 && call.command === "extend" ? { throws: new Error(`EVAL ${call.args}`) } : undefined;
  const call = traced.request("x", async (lease) => {
    token = lease.token;
    await clock.advance(20_000);
    await rival.forceRelease("x");
  });
  await clock.runUntilSettled(rejection(call));
  const shown = JSON.stringify(spans().map(({ attributes, events, status }) => [attributes, events, status]));
  expect(shown).toContain("holdfast.failed");
  expect(shown).not.toContain(token.slice(0, 23));
});
