import type { Locks, LocksOptions, Transport } from "../../../src/index.ts";
import { createLocks } from "../../../src/index.ts";
import type { QuorumOptions } from "../../../src/quorum.ts";
import { quorum } from "../../../src/quorum.ts";
import type { VirtualClock } from "../../support/virtual-clock.ts";

/** Commands of another library at one store, as it sends them. */
export interface Theirs {
  /** `SET key value NX PX px`: whether it was set. */
  take(key: string, value: string, px: number): Promise<boolean>;
  /** Deletes the key if it has this value: whether it did. */
  giveBack(key: string, value: string): Promise<boolean>;
  get(key: string): Promise<string | null>;
  /** Milliseconds left, -1 for no expiry, -2 for no key. */
  pttl(key: string): Promise<number>;
}

/** What a place is made of. */
export interface Ground {
  /** The way to each store. */
  stores: Transport[];
  theirs: Theirs[];
  /** A way to a server that is not there. */
  gone: Transport;
  /** Where time is virtual; otherwise it passes by itself. */
  clock?: VirtualClock;
}

/** Puts something between the locks and a store. */
export type Via = (transport: Transport, index: number) => Transport;

/** One Redis, or several, for one test. */
export interface Place extends Ground {
  /** Locks as another process has them: of the same stores, with nothing else in common. */
  locks(options?: LocksOptions, via?: Via, electorate?: QuorumOptions): Locks;
  /** When each request of all of them was sent. */
  requests: number[];
  /** A name that no other test has. */
  fresh(): string;
  /** What each store has at a key. */
  values(key: string): Promise<(string | null)[]>;
  now(): number;
  /** Lets time pass until the promise has settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Work that takes so long, while somebody else lets time pass. */
  work(ms: number): Promise<void>;
  close(): Promise<void>;
}

let count = 0;

export function placeOn(ground: Ground, prefix: string): Place {
  const { stores, theirs, clock } = ground;
  const opened: Locks[] = [];
  const requests: number[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
  const now = () => clock?.monotonic() ?? performance.now();

  function noted({ set, eval: run, wakeups }: Transport): Transport {
    function noting<Args extends unknown[]>(send: (...command: Args) => Promise<unknown>) {
      return (...command: Args) => {
        requests.push(now());
        return send(...command);
      };
    }
    return { set: noting(set), eval: noting(run), ...(wakeups && { wakeups }) };
  }

  const place: Place = {
    ...ground,
    requests,
    now,
    fresh: () => `${prefix}${++count}-${process.pid}`,
    values: (key) => Promise.all(theirs.map(({ get }) => get(key))),
    settle: (promise) => (clock ? clock.runUntilSettled(promise) : promise),
    pass: (ms) => (clock ? clock.advance(ms) : sleep(ms)),
    work: (ms) => (clock ? new Promise((resolve) => void clock.timer(ms, resolve)) : sleep(ms)),
    locks(options, via = (transport) => transport, electorate) {
      const ways = stores.map((store, index) => noted(via(store, index)));
      const [only] = ways;
      // Servers of a test are young, and busy machines slow.
      const over = ways.length > 1 ? quorum(ways, { maxTtl: 0, timeout: "1m", ...electorate }) : (only as Transport);
      const locks = createLocks(over, { ...(clock && { clock }), ...options });
      opened.push(locks);
      return locks;
    },
    async close() {
      await place.settle(Promise.all(opened.map((each) => each.close())));
    },
  };
  return place;
}
