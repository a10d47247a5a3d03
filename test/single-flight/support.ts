import type { MemoryTransport } from "../../adapters/memory.ts";
import { createLocks, type Locks, type Transport } from "../../src/index.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

/** Callers that know nothing of one another: a process each, as far as Redis can tell. */
export function fleet(count: number, transport: Transport, clock: VirtualClock): Locks[] {
  return Array.from({ length: count }, (_, index) => createLocks(transport, { clock, owner: `instance ${index}` }));
}

/** What rests of a flight. */
export function resultOf(store: MemoryTransport, name: string): { value: string; pttl: number } | undefined {
  return store.entries().find(({ key }) => key === `result.qdb:lock:${name}`);
}

export function sleep(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.timer(ms, resolve));
}

/** Settles all of them, timer by timer. */
export function settle<T>(clock: VirtualClock, calls: Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
  return clock.runUntilSettled(Promise.allSettled(calls));
}
