import { expect } from "vitest";
import type { LockEvent } from "../../src/index.ts";
import { bench } from "../support/bench.ts";

export const TYPES = ["waiting", "acquired", "renewed", "released", "lost", "failed"] as const;

/** Makes one event of each type. */
export async function everyEvent(onEvent: (event: LockEvent) => void): Promise<LockEvent[]> {
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
