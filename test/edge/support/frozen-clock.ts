import type { Clock, Transport } from "../../../src/index.ts";

/** What a deployed Worker sees of time: the moment of its last I/O, however long it has computed since. */
export interface FrozenClock extends Clock {
  /** I/O came back: the clock shows the time again. */
  thaw(): void;
  /** The transport, whose answers are I/O. */
  over(transport: Transport): Transport;
}

/**
 * A clock that stands still between I/O, over one that does not. A timer is I/O.
 *
 * @param base Whether a timer counts from the moment of the last I/O, or from the true time: what a runtime does is not
 *   documented.
 */
export function frozenClock(time: Clock, base: "last I/O" | "true time" = "last I/O"): FrozenClock {
  let mono = time.monotonic();
  let wall = time.now();

  function thaw(): void {
    mono = time.monotonic();
    wall = time.now();
  }

  async function io<T>(reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } finally {
      thaw();
    }
  }

  return {
    now: () => wall,
    monotonic: () => mono,
    timer(ms, callback) {
      const since = base === "last I/O" ? time.monotonic() - mono : 0;
      return time.timer(ms - since, () => {
        thaw();
        callback();
      });
    },
    random: time.random,
    randomBytes: time.randomBytes,
    thaw,
    over: (transport) => ({
      set: (key, value, options) => io(transport.set(key, value, options)),
      eval: (script, keys, args) => io(transport.eval(script, keys, args)),
    }),
  };
}
