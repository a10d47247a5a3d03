import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { diagnostics } from "../../src/diagnostics.ts";
import { type Clock, createLocks, type LocksOptions } from "../../src/index.ts";
import { virtualClock } from "../../src/testing.ts";
import { rejection } from "../support/bench.ts";
import { wire } from "../support/wire.ts";

/** Every kind of event, and how often the clock, its timers and its randomness were asked for them, and Redis. */
async function lives(onEvent: LocksOptions["onEvent"]): Promise<Record<string, number>> {
  const clock = virtualClock();
  const used: Record<string, number> = {};
  const counted = new Proxy(clock, {
    get(target, member: keyof Clock) {
      used[member] = (used[member] ?? 0) + 1;
      return target[member];
    },
  });
  const store = memory({ clock });
  const network = wire(store, clock);
  const locks = createLocks(network, { clock: counted, onEvent });
  const rival = createLocks(store, { clock });

  const held = await rival.acquire("x");
  const waiting = locks.acquire("x", { renew: true });
  await clock.advance(1000);
  await held.release();
  const lease = await clock.runUntilSettled(waiting);
  await clock.advance(25_000);
  await lease.release();
  const lost = await locks.acquire("x");
  await clock.advance(60_000);
  expect(lost.held).toBe(false);
  network.treat = () => ({ refuses: new Error("NOAUTH") });
  await rejection(locks.tryAcquire("x"));
  return { ...used, requests: network.calls.length };
}

test.each<[string, () => LocksOptions["onEvent"]]>([
  ["a function", () => () => {}],
  ["channels that nobody has subscribed to", () => diagnostics()],
])("without onEvent no event is made: the clock is not asked for its time, which it is with %s", async (_, make) => {
  const types = new Set<string>();
  let events = 0;
  const onEvent = make();
  const watched = await lives((event) => {
    types.add(event.type);
    events++;
    onEvent?.(event);
  });
  expect(types.size).toBe(6);
  expect(await lives(undefined)).toEqual({ ...watched, monotonic: (watched.monotonic ?? 0) - events });
});
