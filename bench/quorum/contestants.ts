import type { Contestant, Measures } from "../support/interleave.ts";
import type { Locker } from "./locks.ts";
import { nameOf } from "./names.ts";
import type { Stores } from "./stores.ts";

export interface Open extends Contestant {
  close(): Promise<void>;
}

/** A turn is one lock, taken and given back; what is measured is the taking. */
export async function contestant(locker: Locker, stores: Stores, hanging: boolean): Promise<Open> {
  const { take, settle, replies, close } = await locker.open(stores, hanging);
  const turns = hanging ? locker.turnsWhenHanging : undefined;

  async function turn(): Promise<Measures> {
    const began = performance.now();
    const release = await take();
    const taken = performance.now();
    const slowest = replies?.();
    const over = release();
    // Where that takes seconds too, they are not waited for.
    if (turns) over.catch(() => {});
    else await over;
    const released = performance.now();
    await settle();
    return { acquire: taken - began, release: released - taken, ...(slowest && { slowest }) };
  }

  return { name: nameOf(locker.name, hanging), turn, ...(turns && { turns }), close: async () => close?.() };
}
