import type { Call } from "./core.ts";

/** When to ask again, judged by how fast the line has moved. */
export interface Pace {
  /** The last pause, milliseconds. */
  last: number;
  /** The pause of who has so many before it in line, the holder not counted. */
  after(before: number): number;
}

/** What a holder takes if nothing is known, in milliseconds. */
const GUESS = 50;

/**
 * Who is far back asks rarely: a little before its turn, as far as can be told. Who is next asks soon, and then as often
 * as any other wait.
 */
export function createPace({ clock, delay }: Call): Pace {
  const began = clock.monotonic();
  let started: number | undefined;
  let asked = 0;
  const pace: Pace = {
    last: 0,
    after(before) {
      started ??= before;
      const passed = clock.monotonic() - began;
      // If the line has not moved yet, one holder takes at least so long.
      const each = started > before ? passed / (started - before) : Math.max(GUESS, passed);
      if (before) pace.last = 0.7 * before * each;
      else pace.last = Math.min(each / 4, delay(++asked));
      return pace.last;
    },
  };
  return pace;
}
