import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { metrics } from "@opentelemetry/api";
import { expect, test, vi } from "vitest";
import type * as adapter from "../../adapters/memory.ts";
import type * as channels from "../../src/diagnostics.ts";
import type * as core from "../../src/index.ts";
import type * as otel from "../../src/otel.ts";
import type * as kit from "../../src/testing.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

const require = createRequire(import.meta.url);

interface Built {
  index: typeof core;
  memory: typeof adapter;
  otel: typeof otel;
  diagnostics: typeof channels;
  testing: typeof kit;
}

async function built(extension: string): Promise<Built> {
  const load = async (entry: string) => {
    const file = new URL(`../../dist/${entry}.${extension}`, import.meta.url);
    if (!existsSync(file)) throw new Error("There is no dist: run npm run build, or npm test, which does.");
    return extension === "cjs" ? require(file.pathname) : import(file.href);
  };
  const names = ["index", "memory", "otel", "diagnostics", "testing"];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await load(name)])));
}

// The build shortens names of properties, the same in each entry of a format; here they meet others' objects.
test.each(["js", "cjs"])("as published, %s: faults, spans, metrics and channels", async (extension) => {
  const { index, memory, otel, diagnostics, testing } = await built(extension);
  const all = watching();
  const record = vi.fn();
  const instrumentOf = () => ({ record, add: vi.fn() });
  const meter = { ...metrics.getMeter("none"), createHistogram: instrumentOf, createCounter: instrumentOf };
  const { onEvent, traced } = otel.instrument({
    tracer: all.tracer,
    meter: { ...meter, createUpDownCounter: instrumentOf } as never,
  });
  const published: string[] = [];
  const channel = (name: string) => ({ hasSubscribers: true, publish: () => void published.push(name) });
  const publish = diagnostics.diagnostics({ channel });
  const clock = testing.virtualClock();
  const store = memory.memory({ clock });
  const network = testing.faulty(store);
  const told = (event: core.LockEvent) => {
    onEvent(event);
    publish(event);
  };
  const locks = traced(index.createLocks(network, { clock, onEvent: told }));

  network.next("loseReply", { on: "acquire" });
  network.next("fail", { on: "extend" });
  const lease = await clock.runUntilSettled(locks.acquire("x", { renew: true }));
  await clock.advance(20_000);
  await index.createLocks(store, { clock }).forceRelease("x");
  expect(await lease.release()).toBe(false);
  expect(all.span("holdfast.wait").attributes["holdfast.outcome"]).toBe("acquired");
  expect(all.span("holdfast.hold").attributes).toMatchObject({
    "holdfast.outcome": "lost",
    "holdfast.lost.reason": "taken",
  });
  expect(record).toHaveBeenCalledTimes(2);
  expect(published).toEqual(["acquired", "failed", "renewed", "lost"].map((type) => `holdfast:${type}`));
});
