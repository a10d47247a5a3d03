import type { Transport } from "../../../src/index.ts";
import { type VirtualClock, virtualClock } from "../../support/virtual-clock.ts";

/**
 * Time that stands still while a real server is about to answer. However busy the machine, only what never answers runs
 * into a time limit; and that takes no time.
 */
export interface Patience {
  clock: VirtualClock;
  /** The same transport, whose answers are waited for, unless it is known that none will come. */
  over(transport: Transport, answers?: (script: string) => boolean): Transport;
  /** Lets time pass, between answers, until the promise has settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** Until nothing is under way. */
  quiet(): Promise<void>;
}

/** Two that draw the same tokens are no two contenders. */
let seed = 0;

/** @param step Time passes by so many milliseconds: less than any time limit of the test. */
export function patience(step = 1000, clock: VirtualClock = virtualClock(++seed)): Patience {
  let underWay = 0;
  let silent = () => {};

  async function awaited<T>(answer: Promise<T>): Promise<T> {
    underWay++;
    try {
      return await answer;
    } finally {
      if (--underWay === 0) silent();
    }
  }

  async function quiet(): Promise<void> {
    for (let turns = 0; turns < 3; turns++) {
      await turn();
      if (!underWay) continue;
      turns = -1;
      await new Promise<void>((resolve) => {
        silent = resolve;
      });
    }
  }

  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      await quiet();
      await clock.advance(Math.min(left, step));
    }
    await quiet();
  }

  return {
    clock,
    over: ({ set, eval: run }, answers = () => true) => ({
      set: (...command) => (answers("") ? awaited(set(...command)) : set(...command)),
      eval: (...command) => (answers(command[0]) ? awaited(run(...command)) : run(...command)),
    }),
    async settle(promise) {
      let done = false;
      const end = () => {
        done = true;
      };
      promise.then(end, end);
      await quiet();
      while (!done) await pass(step);
      return promise;
    },
    pass,
    quiet,
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
