import { memory } from "../../../adapters/memory.ts";
import { createLocks, type Lease, type LocksOptions } from "../../../src/index.ts";
import { type QuorumOptions, quorum } from "../../../src/quorum.ts";
import { virtualClock } from "../../support/virtual-clock.ts";
import { answersAfter } from "./slow.ts";

export interface Contest {
  /** Milliseconds of a round trip, from the nearest store to the farthest; each contender is nearest to another. */
  trips: readonly number[];
  contenders: number;
  options?: LocksOptions;
  settings?: QuorumOptions;
}

export interface Result {
  /** How many votes the winner asked for, one store counted. */
  tries: number;
  /** Milliseconds until somebody had it. */
  ms: number;
  /** How often two held at a time. */
  overlaps: number;
}

/** All begin at the same moment, over memory in virtual time. Nobody releases: until the first has it. */
export async function contest(seed: number, { trips, contenders, options, settings }: Contest): Promise<Result> {
  const clock = virtualClock(seed);
  const stores = trips.map(() => memory({ clock }));
  const began = clock.monotonic();
  let tries = 0;
  const all = Array.from({ length: contenders }, (_, who) => {
    const parts = stores.map((store, at) => {
      const trip = trips[(at - who + who * stores.length) % stores.length] as number;
      return answersAfter(clock, trip / 2, store);
    });
    const onEvent = ({ type, attempts }: { type: string; attempts: number }) => {
      if (type === "acquired") tries = attempts;
    };
    return createLocks(quorum(parts, settings), { ttl: "10m", wait: "5m", clock, onEvent, ...options });
  });
  const holders: Lease[] = [];
  const first = Promise.race(
    all.map(async (locks) => {
      holders.push(await locks.acquire("x"));
    }),
  );
  await clock.runUntilSettled(first);
  const ms = clock.monotonic() - began;
  const result = { tries, ms, overlaps: holders.length - 1 };
  const closing = Promise.allSettled(all.map((locks) => locks.close()));
  await clock.runUntilSettled(closing);
  return result;
}
