import { SpanStatusCode, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { rejection } from "../support/bench.ts";
import { idOf, parentOf } from "./sdk.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

test("acquire: the hold ends when the lease is released, whatever ran meanwhile", async () => {
  const { traced, clock, inCaller, span, spans } = watching();
  const { result: lease, caller } = await inCaller(() => traced.acquire("x"));
  await clock.advance(1000);
  expect(spans().map(({ name }) => name)).toEqual(["holdfast.wait", "caller"]);
  expect(await lease.release()).toBe(true);
  expect(await lease.release()).toBe(true);
  const hold = span("holdfast.hold");
  expect([parentOf(span("holdfast.wait")), parentOf(hold)]).toEqual([idOf(caller), idOf(caller)]);
  expect(hold.attributes["holdfast.outcome"]).toBe("released");
});

test("await using, and a hand-over, end it too", async () => {
  const { traced, spans } = watching();
  {
    await using lease = await traced.acquire("used");
    expect(lease.held).toBe(true);
  }
  const handed = await traced.tryAcquire("handed");
  expect(handed?.handOver().token).toBe(handed?.token);
  const holds = spans().filter(({ name }) => name === "holdfast.hold");
  expect(holds.map(({ attributes }) => [attributes["holdfast.lock.name"], attributes["holdfast.outcome"]])).toEqual([
    ["used", "released"],
    ["handed", "handed over"],
  ]);
});

test("a lease that nobody releases ends its span when its time is over", async () => {
  const { traced, clock, span } = watching();
  const lease = await traced.acquire("x", { ttl: "10s" });
  await clock.advance(11_000);
  const { attributes, status } = span("holdfast.hold");
  expect(attributes).toMatchObject({ "holdfast.outcome": "lost", "holdfast.lost.reason": "expired" });
  expect(status.code).toBe(SpanStatusCode.ERROR);
  expect(await lease.release()).toBe(false);
});

test("a release that finds another holder, and one that fails", async () => {
  const { traced, rival, network, spans } = watching();
  const taken = await traced.acquire("taken");
  await rival.forceRelease("taken");
  expect(await taken.release()).toBe(false);
  const [failed, used] = [await traced.acquire("failed"), await traced.acquire("used")];
  network.treat = () => ({ refuses: new Error("NOAUTH") });
  expect(await rejection(failed.release())).toMatchObject({ code: "BACKEND" });
  await used[Symbol.asyncDispose]();
  const holds = spans().filter(({ name }) => name === "holdfast.hold");
  expect(holds.map(({ attributes }) => [attributes["holdfast.outcome"], attributes["error.type"]])).toEqual([
    ["lost", undefined],
    ["not released", "LockBackendError"],
    ["not released", "LockBackendError"],
  ]);
});

test("a restored lease is held from when Redis has confirmed it; one that is not is no hold", async () => {
  const { traced, rival, clock, spans, inCaller } = watching();
  const handed = (await rival.acquire("x")).handOver();
  const { result: lease, caller } = await inCaller(async () => {
    const restored = traced.restore(handed, { renew: true });
    expect(restored.held).toBe(false);
    expect(await restored.verify()).toBe(true);
    return restored;
  });
  await clock.advance(10_000);
  await lease.extend();
  await lease.release();
  const gone = traced.restore(handed);
  expect(await gone.verify()).toBe(false);
  await gone[Symbol.asyncDispose]();
  const holds = spans().filter(({ name }) => name === "holdfast.hold");
  expect(holds).toHaveLength(1);
  expect(parentOf(holds[0] as never)).toBe(idOf(caller));
  expect(holds[0]?.attributes).toMatchObject({ "holdfast.outcome": "released", "holdfast.renewals": 1 });
});

test("a lease that is traced is the lease: same members, and nothing of its own to print", async () => {
  const { traced } = watching();
  const lease = await traced.acquire("x", { owner: "me" });
  expect(Object.keys(lease)).toEqual([]);
  expect(JSON.parse(JSON.stringify(lease))).toEqual(lease.toJSON());
  expect([lease.name, lease.owner, lease.mode, lease.held, lease.token.length]).toEqual([
    "x",
    "me",
    "exclusive",
    true,
    26,
  ]);
  expect(lease.fence).toBeGreaterThan(0);
  expect(lease.remaining()).toBeGreaterThan(0);
  expect(lease.expiresAt).toBe(lease.toJSON().expiresAt);
  expect(await lease.verify()).toBe(true);
  expect(await lease.extend("1m")).toBe(lease.expiresAt);
  expect(lease.signal.aborted).toBe(false);
  const unfenced = await traced.acquire("y", { fence: false });
  expect(() => unfenced.fence).toThrow("There is no fence");
});

test("wrap and withOptions are traced, everything else is as it was", async () => {
  const { traced, rival, span, spans } = watching();
  const wrapped = traced.withOptions({ owner: "other" }).wrap(
    function (this: { base: number }, more: number) {
      return [trace.getActiveSpan(), this.base + more] as const;
    },
    { name: (more) => `sum:${more}` },
  );
  const [active, sum] = await wrapped.call({ base: 1 }, 2);
  expect(sum).toBe(3);
  expect(active?.spanContext().spanId).toBe(idOf(span("holdfast.hold")));
  expect(span("holdfast.wait").attributes).toMatchObject({
    "holdfast.lock.name": "sum:2",
    "holdfast.lock.owner": "other",
  });
  expect(() => traced.wrap(() => {}, { name: "x", ttl: "soon" })).toThrow("ttl is");
  await rival.acquire("x");
  expect((await traced.query("x")).held).toBe(true);
  for await (const { name } of traced.list()) expect(name).toBe("x");
  expect(await traced.forceRelease("x")).toBe(true);
  expect(await rejection(traced.request("x", undefined as never))).toMatchObject({ code: "OPTIONS" });
  expect(spans()).toHaveLength(2);
  await traced.close();
  expect(await rejection(traced.acquire("x"))).toMatchObject({ code: "CLOSED" });
});

test("a failing clean-up after the wait is counted and harms no span", async () => {
  const { traced, clock, network, span, points } = watching();
  network.treat = () => ({ arrives: Number.POSITIVE_INFINITY });
  await clock.runUntilSettled(rejection(traced.tryAcquire("x")));
  await clock.advance(60_000);
  expect(span("holdfast.wait").attributes["holdfast.outcome"]).toBe("failed");
  const failures = (await points()).filter(({ name }) => name === "holdfast.failures");
  expect(failures.map(({ attributes }) => attributes)).toEqual([
    { "holdfast.operation": "acquire" },
    { "holdfast.operation": "clean-up" },
  ]);
});

test("what is noticed of one lock while another is waited for is not the other's", async () => {
  const { traced, rival, clock, span, spans } = watching();
  const first = await traced.acquire("first", { ttl: "5s", owner: "first's" });
  await rival.acquire("second", { ttl: "7s" });
  const retry = () => {
    // The loss is noticed here, within the wait for the second.
    if (spans().length === 1) clock.block(6000);
    expect(first.held).toBe(false);
    return 500;
  };
  await clock.runUntilSettled(traced.request("second", { retry }, () => {}));
  const waits = spans().filter(({ name }) => name === "holdfast.wait");
  expect(waits[1]?.attributes).toMatchObject({ "holdfast.lock.name": "second" });
  expect(waits[1]?.attributes).not.toHaveProperty("holdfast.lock.owner");
  expect(() => span("holdfast.hold")).toThrow("2 spans");
});
