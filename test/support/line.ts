import { type MemoryTransport, memory } from "../../adapters/memory.ts";
import { createLocks, type Lease, type Locks, type LocksOptions } from "../../src/index.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";
import { BLACK_HOLE, type Wire, wire } from "./wire.ts";

/** How processes hear of what happens: not at all, each call for itself, or all calls of a process together. */
export const WAYS = ["polling", "listening", "listening together"] as const;
export type Way = (typeof WAYS)[number];

/** A process of its own: its locks, and the network between them and the store that all share. */
export interface Process {
  locks: Locks;
  network: Wire;
  /** Every message that was published for it. */
  messages: string[];
  /** What becomes of a message; by default it is delivered at once. */
  hear: (message: string, deliver: (message?: string) => void) => void;
  /** A message from anybody, to whoever listens here. */
  say(message: string): void;
  /** From now on nothing leaves it and nothing reaches it. */
  die(): void;
}

/** Processes that want the same lock, on one virtual clock. */
export interface Line {
  clock: VirtualClock;
  store: MemoryTransport;
  process(options?: LocksOptions, way?: Way): Process;
  /** The value of the lock "x", and the milliseconds that it has left. */
  lock(): { value: string; pttl: number } | undefined;
  /** The tokens that stand in line for "x", in order. */
  standing(): string[];
  /** Who was granted the lock, in order. */
  served: string[];
  /** Waits for "x", holds it for `hold` ms, and releases it; resolves when that is done. */
  turn(process: Process, who: string, hold?: number, options?: object): Promise<void>;
  /** Everything that was begun has to be over: no lock, no place, no timer. */
  nothingLeft(): Promise<void>;
}

/** What waiting in line needs is imported when it is needed first, which takes longer than a virtual moment. */
async function warmUp(): Promise<void> {
  await (await createLocks(memory(), { fair: true }).acquire("warm-up")).release();
}

export async function line(way: Way = "polling", defaults: LocksOptions = {}): Promise<Line> {
  await warmUp();
  const clock = virtualClock();
  const store = memory({ clock });
  const entry = (key: string) => store.entries().find((each) => each.key === key);

  function process(options: LocksOptions = {}, its: Way = way): Process {
    const network = wire(store, clock);
    const listeners = new Set<(message: string) => void>();
    let dead = false;
    const one: Process = {
      locks: createLocks(network, { fair: true, wait: "10m", clock, ...defaults, ...options }),
      network,
      messages: [],
      hear: (message, deliver) => deliver(message),
      say: (message) => {
        for (const onMessage of listeners) onMessage(message);
      },
      die() {
        dead = true;
        network.treat = () => BLACK_HOLE;
      },
    };
    if (its === "listening together") network.sharesProcess = true;
    if (its !== "polling")
      network.wakeups = {
        async listen(channel, onMessage) {
          const end = await store.wakeups?.listen(channel, (message) => {
            one.messages.push(message);
            one.hear(message, (changed = message) => !dead && onMessage(changed));
          });
          listeners.add(onMessage);
          return () => {
            listeners.delete(onMessage);
            end?.();
          };
        },
      };
    return one;
  }

  const all: Line = {
    clock,
    store,
    process,
    lock: () => entry("lock:x"),
    standing: () =>
      (JSON.parse(entry("queue.b0v5:lock:x")?.value ?? "[]") as [string, number][])
        .filter(([, score]) => score < 1e12)
        .map(([member]) => member.slice(member.indexOf(" ") + 1)),
    served: [],
    async turn({ locks }, who, hold = 20, options = {}) {
      const lease = await locks.acquire("x", { owner: who, ...options });
      all.served.push(who);
      await new Promise<void>((resolve) => clock.timer(hold, resolve));
      await lease.release();
    },
    async nothingLeft() {
      await clock.advance(60_001);
      const keys = store.entries().map(({ key }) => key);
      const left = keys.filter((key) => !key.startsWith("fence."));
      if (left.length) throw new Error(`left: ${left.join()}`);
    },
  };
  return all;
}

/** Begins calls one after another, so that their first requests arrive in this order. */
export async function inOrder<T>(clock: VirtualClock, begin: (() => Promise<T>)[]): Promise<Promise<T>[]> {
  const begun: Promise<T>[] = [];
  for (const each of begin) {
    const call = each();
    call.catch(() => {});
    begun.push(call);
    await clock.advance(1);
  }
  return begun;
}

/** Whether it is held for at least so long in Redis as its holder believes. */
export function covered({ clock, lock }: Line, lease: Lease): boolean {
  const { value, pttl } = lock() ?? { value: "", pttl: 0 };
  return value.replace(/^\?/, "") === lease.token && pttl >= lease.expiresAt - clock.now();
}
