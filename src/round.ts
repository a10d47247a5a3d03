import type { Clock, Timer } from "./clock.ts";
import type { Call } from "./core.ts";
import type { Failure } from "./failure.ts";
import { classify } from "./failure.ts";
import type { Send } from "./limit.ts";
import type { Panel } from "./quorum-votes.ts";
import { outage } from "./quorum-votes.ts";

/** What one store answered, or why there is no answer. */
export interface Vote<T> {
  answer?: T;
  failure?: Failure;
}

/** Questions to several stores, one round after another, which end together. */
export interface Rounds {
  /**
   * Waits until `judge` has seen enough, which it is asked after every vote: `undefined` is not enough. Stores that did
   * not answer within the limit count as failed; then all votes are in, and `judge` has to decide. It may throw.
   */
  decide<T, V>(
    votes: readonly Promise<Vote<T>>[],
    judge: (votes: readonly Vote<T>[], open: number) => V,
  ): Promise<NonNullable<V>>;
  /** What is under way rejects, nothing more begins, and no timer is left. */
  end(): void;
}

/** Asks, and never rejects. */
export async function vote<T>(ask: () => Promise<T>): Promise<Vote<T>> {
  try {
    return { answer: await ask() };
  } catch (thrown) {
    return { failure: classify(thrown) };
  }
}

/** For a verdict before the limit on the whole command cuts it short, in milliseconds. */
const VERDICT = 10;

/**
 * `limit`: what any one store is given for its answer, in milliseconds. All are asked at once, so one timer does.
 * `total`: what all rounds have together.
 */
export function rounds(clock: Clock, limit: number, total: number = Infinity): Rounds {
  const until = clock.monotonic() + total - Math.min(VERDICT, total / 10);
  let timer: Timer | undefined;
  let abandon: (() => void) | undefined;
  let ended = false;
  return {
    async decide(votes, judge) {
      try {
        return await new Promise((resolve, reject) => {
          abandon = () => reject(new Error("given up"));
          if (ended) return abandon();
          const seen: Vote<never>[] = votes.map(() => ({}));
          // 0 as well when there is a verdict: what comes after that changes nothing of what it was found by.
          let open = votes.length;
          const look = () => {
            try {
              const verdict = judge(seen, open);
              if (verdict === undefined || verdict === null) return;
              resolve(verdict);
            } catch (error) {
              reject(error);
            }
            open = 0;
          };
          const room = Math.max(0, Math.min(limit, until - clock.monotonic()));
          timer = clock.timer(room, () => {
            const late = classify(`no answer within ${Math.round(room)} ms`);
            for (const [index, each] of seen.entries())
              if (!each.answer && !each.failure) seen[index] = { failure: late };
            open = 0;
            look();
          });
          const take = (index: number) => (settled: Vote<unknown>) => {
            if (!open) return;
            seen[index] = settled as Vote<never>;
            open--;
            look();
          };
          votes.forEach((each, index) => void each.then(take(index)));
        });
      } finally {
        timer?.cancel();
        abandon = undefined;
      }
    },
    end() {
      ended = true;
      // Nearly always nothing is under way any more, and an error with its stack is dear.
      abandon?.();
    },
  };
}

/** What several stores said to one question. */
export interface Polled<T, V> {
  verdict: V;
  /** All votes, those to come too, and what was in when the verdict was found. */
  votes: Promise<Vote<T>>[];
  seen: readonly Vote<T>[];
}

/** One command to every store: asks each once. With all votes in and no verdict it is an outage. */
export async function poll<P, T, V extends object>(
  panel: Panel<P>,
  call: Call,
  send: Send,
  ask: (part: P, index: number) => Promise<T>,
  judge: (seen: readonly Vote<T>[], open: number) => V | undefined,
): Promise<Polled<T, V>> {
  let round: Rounds | undefined;
  try {
    return (await send(async (limit) => {
      round = rounds(call.clock, panel.limitOf(call), limit);
      const votes = panel.parts.map((part, index) => vote(() => ask(part, index)));
      return round.decide(votes, (seen, open) => {
        const verdict = judge(seen, open);
        if (!verdict && !open) throw outage(panel, seen);
        return verdict && { verdict, votes, seen };
      });
    })) as Polled<T, V>;
  } finally {
    round?.end();
  }
}
