import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, expect, test, vi } from "vitest";
import { diagnostics } from "../../src/diagnostics.ts";
import type { LockEvent } from "../../src/index.ts";
import { bench } from "../support/bench.ts";

const TYPES = ["waiting", "acquired", "renewed", "released", "lost", "failed"] as const;

afterEach(() => vi.restoreAllMocks());

/** Makes one event of each type. */
async function everyEvent(onEvent: (event: LockEvent) => void): Promise<LockEvent[]> {
  const events: LockEvent[] = [];
  const both = (event: LockEvent) => {
    onEvent(event);
    events.push(event);
  };
  const { locks, rival, clock, network } = bench({ onEvent: both });
  const held = await rival.acquire("x");
  await locks.tryAcquire("x");
  await held.release();
  const lease = await locks.acquire("x", { renew: true });
  await clock.advance(10_000);
  await lease.release();
  const lost = await locks.acquire("x");
  await clock.advance(60_000);
  expect(lost.held).toBe(false);
  network.treat = () => ({ refuses: new Error("NOAUTH") });
  await locks.tryAcquire("x").catch(() => {});
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(TYPES));
  return events;
}

test("each event is published to the channel of its type, as it is", async () => {
  const published: [string | symbol, unknown][] = [];
  const listener = (message: unknown, name: string | symbol) => void published.push([name, message]);
  for (const type of TYPES) subscribe(`holdfast:${type}`, listener);
  const events = await everyEvent(diagnostics());
  for (const type of TYPES) unsubscribe(`holdfast:${type}`, listener);
  expect(published).toEqual(events.map((event) => [`holdfast:${event.type}`, event]));
  for (const [index, [, message]] of published.entries()) expect(message).toBe(events[index]);
});

test("nothing is published to a channel without subscribers", async () => {
  const listener = () => {};
  subscribe("holdfast:lost", listener);
  const publish = vi.spyOn(Object.getPrototypeOf(channel("holdfast:acquired")), "publish");
  const toLost = vi.spyOn(channel("holdfast:lost"), "publish");
  await everyEvent(diagnostics());
  unsubscribe("holdfast:lost", listener);
  expect(toLost).toHaveBeenCalledTimes(1);
  expect(publish.mock.contexts).not.toContain(channel("holdfast:acquired"));
});

test("where there is no such module nothing happens, and it is looked for once", async () => {
  const lookUp = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  const publish = diagnostics();
  expect(lookUp).not.toHaveBeenCalled();
  await everyEvent(publish);
  expect(lookUp.mock.calls).toEqual([["node:diagnostics_channel"]]);
});

test("the module can be given", async () => {
  const asked = new Set<string>();
  const lookUp = vi.spyOn(process, "getBuiltinModule");
  const given = (name: string) => {
    asked.add(name);
    return { hasSubscribers: false, publish: () => expect.unreachable() };
  };
  await everyEvent(diagnostics({ channel: given }));
  expect([...asked].sort()).toEqual(TYPES.map((type) => `holdfast:${type}`).sort());
  expect(lookUp).not.toHaveBeenCalled();
});
