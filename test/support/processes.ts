import { memory } from "../../adapters/memory.ts";
import { createLocks, type LockEvent, type Locks } from "../../src/index.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";
import { type Wire, wire } from "./wire.ts";

export interface Processes {
  clock: VirtualClock;
  store: ReturnType<typeof memory>;
  /** What the first process's locks told of. */
  events: LockEvent[];
  network: Wire;
  locks: Locks;
  remote: Locks;
  remoteNetwork: Wire;
  /** For a callback that holds the lock for so long, in milliseconds. */
  sleep(ms: number): Promise<void>;
}

/** One process whose callers share a line, and another that has its own, over one store. */
export function processes(seed = 1): Processes {
  const clock = virtualClock(seed);
  const store = memory({ clock });
  const events: LockEvent[] = [];
  const over = (onEvent?: (event: LockEvent) => void) => {
    const network = wire(store, clock);
    return { network, locks: createLocks({ ...network, sharesProcess: true }, { clock, onEvent }) };
  };
  const here = over((event) => void events.push(event));
  const there = over();
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.timer(ms, resolve));
  return { clock, store, events, ...here, remote: there.locks, remoteNetwork: there.network, sleep };
}
