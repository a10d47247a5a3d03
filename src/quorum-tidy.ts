import { cleanUp, handTo } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { track } from "./core.ts";
import type { Part } from "./quorum-part.ts";
import type { Electorate } from "./quorum-votes.ts";
import type { Rounds, Vote } from "./round.ts";
import { rounds } from "./round.ts";

/** So many give-backs may be under way to a store that did not answer: what it was not told, the ttl frees. */
const CROWD = 64;
/** Until when each is tried: of one that a Worker's request took with it, nobody hears again. */
const underWay = new WeakMap<Part, Set<{ until: number }>>();

/** Whether no other may begin. */
function crowded(part: Part, now: number): boolean {
  const crowd = underWay.get(part) ?? new Set();
  for (const each of crowd) if (each.until < now) crowd.delete(each);
  return crowd.size >= CROWD;
}

/**
 * Gives a token back to one store, in the background, if its vote turns out to need that, or is not in within the limit.
 * A store that already has to be told of so many others is told of this one when its vote comes, for which `close` waits
 * too. It never rejects, and settles when the store was told, with whether that was needed.
 */
export function tidy<T>(
  { limitOf }: Electorate,
  call: Call,
  part: Part,
  token: string,
  late: Promise<Vote<T>>,
  needed: (vote: Vote<T>) => boolean,
): Promise<boolean> {
  const { background, cleanUps, waitUntil, ttl, commandTimeout } = call;
  const limit = limitOf(call);
  let round: Rounds;
  let undecided = true;

  const giveBack = () => cleanUp({ ...call, store: part }, token);

  function answered(within: number): Promise<Vote<T>> {
    round = rounds(background, within);
    return round.decide([late], ([first], open) => (open ? undefined : first));
  }

  async function work(): Promise<boolean> {
    try {
      let seen = await answered(limit);
      undecided = false;
      if (!needed(seen)) return false;
      if (!seen.answer && crowded(part, background.monotonic())) seen = await answered(ttl);
      if (seen.answer) {
        if (needed(seen)) await giveBack();
        return true;
      }
      part.spend(token);
      if (!crowded(part, background.monotonic())) await giveBackAsOneOf();
    } catch {
      // Closed meanwhile.
    }
    return true;
  }

  async function giveBackAsOneOf(): Promise<void> {
    const one = { until: background.monotonic() + ttl + commandTimeout };
    const crowd = underWay.get(part) ?? new Set();
    underWay.set(part, crowd.add(one));
    await giveBack();
    crowd.delete(one);
  }

  function end(): void {
    round.end();
    // Nobody waits for what it says.
    if (undecided) void part.give(call, token, call.rest?.() ?? 0).catch(() => {});
  }

  const over = work();
  track(call, cleanUps, { until: background.monotonic() + limit + ttl, over, end });
  void handTo(waitUntil, over);
  return over;
}
