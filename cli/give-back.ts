import type { Lease } from "holdfast";
import { interruption } from "./signals.ts";

/** What an answer is still given once a signal tells us to end, in milliseconds. Who types Ctrl-C twice loses nothing. */
const MOMENT = 250;

/**
 * Gives a lease back, also one that is lost by our own clock, and says whether it was held until then; undefined when
 * Redis did not answer. Tried for `limit` milliseconds, and no more than a moment once a signal tells us to end.
 */
export async function giveBack(lease: Lease, limit: number): Promise<boolean | undefined> {
  // A release alone takes a key that somebody deleted for one that an earlier copy of it freed.
  const ask = () =>
    lease
      .verify()
      .catch(() => {})
      .then(() => lease.release());
  const { signal, ignore } = interruption();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      const giveUp = () => resolve(undefined);
      timer = setTimeout(giveUp, limit);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, Math.min(limit, MOMENT));
      });
      ask().then(resolve, giveUp);
    });
  } finally {
    clearTimeout(timer);
    ignore();
  }
}
