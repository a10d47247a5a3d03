import type { Transport } from "holdfast";

/** A transport of one contender, which the page makes slow, stops, or cuts. */
export interface Wire extends Transport {
  /** Milliseconds before each command. */
  delay: number;
  /** Holds every command back until then, in epoch milliseconds. */
  stoppedUntil: number;
  /** From here on nothing is sent: to Redis it looks as if the holder had vanished. */
  cut(): void;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function wireTo({ set, eval: run, deleteIf }: Transport): Wire {
  let isCut = false;

  async function pass(send: () => Promise<unknown>): Promise<unknown> {
    if (wire.delay > 0) await sleep(wire.delay);
    while (wire.stoppedUntil > Date.now()) await sleep(wire.stoppedUntil - Date.now());
    return isCut ? new Promise(() => {}) : send();
  }

  const wire: Wire = {
    delay: 0,
    stoppedUntil: 0,
    cut() {
      isCut = true;
    },
    set: (...args) => pass(() => set(...args)),
    eval: (...args) => pass(() => run(...args)),
    ...(deleteIf && { deleteIf: (...args) => pass(() => deleteIf(...args)) }),
  };
  return wire;
}
