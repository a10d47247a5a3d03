import type { Clock, Transport } from "../../../src/index.ts";

const never = () => new Promise<never>(() => {});

/** Whatever it is asked, no answer comes, and no error. */
export const hanging = (): Transport => ({ set: never, eval: never });

/** The way to a store takes so many milliseconds, and the way back as many. */
export function answersAfter(clock: Clock, ms: number, { set, eval: run }: Transport): Transport {
  const away = () => new Promise<void>((resolve) => void clock.timer(ms, resolve));
  const both = async <T>(work: () => Promise<T>): Promise<T> => {
    await away();
    const answer = await work();
    await away();
    return answer;
  };
  return {
    set: (...command) => both(() => set(...command)),
    eval: (...command) => both(() => run(...command)),
  };
}
