import { type MemoryTransport, memory } from "../../adapters/memory.ts";
import { createLocks, type LockEvent, type Locks, type LocksOptions } from "../../src/index.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";
import { type Wire, wire } from "./wire.ts";

/** Locks over a store in memory, with a network between them, all on one virtual clock. */
export interface Bench {
  clock: VirtualClock;
  store: MemoryTransport;
  network: Wire;
  locks: Locks;
  /** A holder elsewhere: same store, same clock, a network without faults. */
  rival: Locks;
  events: LockEvent[];
}

export function bench(options: LocksOptions = {}, seed = 1): Bench {
  const clock = virtualClock(seed);
  const store = memory({ clock });
  const network = wire(store, clock);
  const events: LockEvent[] = [];
  const locks = createLocks(network, { clock, onEvent: (event) => void events.push(event), ...options });
  const rival = createLocks(store, { clock });
  return { clock, store, network, locks, rival, events };
}

/** What a promise rejects with; an error of its own if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (!outcome) throw new Error("expected a rejection");
  return outcome.error;
}

/** What is stored as a lock, without the records beside it. */
export function lockKeys(store: MemoryTransport): string[] {
  return store.entries().flatMap(({ key }) => (key.startsWith("lock:") ? [key] : []));
}
