import { cleanUp } from "./clean-up.ts";
import type { Clock } from "./clock.ts";
import type { Call, Pending } from "./core.ts";
import { track } from "./core.ts";
import type { Failure } from "./failure.ts";
import { classify } from "./failure.ts";
import type { Send } from "./limit.ts";
import { within } from "./limit.ts";
import { GIVE, KEEP, LOOK, MEND, VOTE } from "./quorum-scripts.ts";
import type { Answer, Stamped } from "./reply.ts";
import { malformed } from "./reply.ts";
import type { Vote } from "./round.ts";
import { rounds, vote } from "./round.ts";
import { FORCE } from "./scripts.ts";
import type { Store } from "./store.ts";
import { createStore, runOver } from "./store.ts";
import type { Transport } from "./transport.ts";

/** One store of a quorum. Nothing here but a repair limits how long an answer may take. */
export interface Part extends Store {
  /**
   * Never rejects. A grant that comes with a failure does not count: the server may have forgotten that another holds the
   * lock. `maxTtl`: the longest ttl of any such lock, in milliseconds; 0 if it forgets none.
   */
  vote(call: Call, token: string, timed: boolean, maxTtl: number): Promise<Vote<Stamped>>;
  keep(call: Call, token: string, ttl: number | undefined): Promise<Stamped>;
  /** Raises the counter to the agreed fence where the token holds the lock. */
  raise(call: Call, token: string, fence: number): Promise<Answer>;
  /** Gives the lock to its holder again, if the server does so until `last`, in microseconds of its own clock. */
  repair(call: Call, token: string, ttl: number, fence: number, last: number, limit: number): Promise<unknown>;
  /** Nobody wants this token any more: what a vote that is still under way is granted is given back. */
  spend(token: string): void;
  /** A release; spends the token. */
  give(call: Call, token: string, rest: number): Promise<Answer>;
  look(call: Call): Promise<Answer>;
  /** Takes the lock from exactly this value. */
  take(call: Call, token: string, value: string): Promise<Answer>;
}

/** So many tokens are remembered; what a Worker's request took with it never comes to be forgotten. */
const REMEMBERED = 1000;

function forgetOldest(tokens: Set<string> | Map<string, unknown>): void {
  if (tokens.size <= REMEMBERED) return;
  const [oldest] = tokens.keys();
  tokens.delete(oldest as string);
}

const freely: Send = (command) => command(Infinity);
const lifeOf = ({ fence, life }: Call) => (fence ? life : "");

export function createPart(transport: Transport, clock: Clock): Part {
  const run = runOver(transport, clock);
  /** Tokens that were given back: no repair may begin after that. */
  const given = new Set<string>();
  /** Those that it said it had freed. */
  const freed = new Set<string>();
  const repairs = new Map<string, Pick<Pending, "over" | "until">>();
  /** The votes under way, by token. */
  const voting = new Map<string, { spent: boolean }>();
  /** Which run of the server was seen, when it was seen last, and when another was, on the monotonic clock. */
  let runId: string | undefined;
  let seen = 0;
  let before = -Infinity;

  function youth(label: string, maxTtl: number): Failure | undefined {
    const [id, uptime] = label.split(" ");
    if (!id || !uptime) return undefined;
    const now = clock.monotonic();
    // The next name of a cluster is at another server.
    if (runId !== undefined && runId !== id && !((transport.nodes?.() ?? []).length > 1)) before = seen;
    runId = id;
    seen = now;
    // The uptime is a difference on a clock that may be set: below 0 if it was set back. When another run was seen is not.
    // Less than a second of it may be a whole one: it is whole seconds of the clock less those at the start.
    const age = Math.max(0, Math.min((Number(uptime) - 1) * 1000, now - before));
    if (age >= maxTtl) return undefined;
    const text = `it has been running for ${Math.round(age / 1000)} s, and may have forgotten a lock`;
    return { text, hint: `It counts after ${maxTtl} ms, the maxTtl`, refused: false, passing: true };
  }

  const part: Part = {
    ...createStore(transport, clock),

    async vote(call, token, timed, maxTtl) {
      const args = [token, call.ttl, lifeOf(call), timed ? 1 : "", maxTtl ? 1 : ""];
      const mine = { spent: false };
      voting.set(token, mine);
      forgetOldest(voting);
      try {
        const answer = await run(freely, VOTE, "granted busy spent", call, ...args);
        if (answer.outcome !== "granted") return { answer };
        // It may have been granted after the give-back, which then has to be repeated.
        if (mine.spent && !call.core.closing) void cleanUp({ ...call, store: part }, token);
        if (call.fence !== !!answer.fence) throw malformed(answer);
        const failure = youth(answer.label, maxTtl);
        return failure ? { answer, failure } : { answer };
      } catch (thrown) {
        return { failure: classify(thrown) };
      } finally {
        if (voting.get(token) === mine) voting.delete(token);
      }
    },

    keep: (call, token, ttl) => run(freely, KEEP, "held gone forced busy", call, token, ttl ?? ""),

    raise: (call, token, fence) => run(freely, MEND, "held gone", call, token, "", call.life, fence, ""),

    async repair(call, token, ttl, fence, last, limit) {
      if (given.has(token) || call.core.closing || !call.usable?.()) return;
      const round = rounds(call.background, limit);
      const mended = vote(() => run(freely, MEND, "held gone", call, token, ttl, lifeOf(call), fence, last));
      const over = round.decide([mended], (votes, open) => (open ? undefined : votes)).catch(() => {});
      const repair = { until: clock.monotonic() + limit, over, end: round.end };
      repairs.set(token, repair);
      track(call, call.cleanUps, repair);
      await over;
      if (repairs.get(token) === repair) repairs.delete(token);
    },

    spend(token) {
      const vote = voting.get(token);
      if (vote) vote.spent = true;
    },

    async give(call, token, rest) {
      part.spend(token);
      given.add(token);
      forgetOldest(given);
      const repair = repairs.get(token);
      if (repair) {
        // Of one that a Worker's request took with it nobody hears again.
        const left = Math.max(1, repair.until - clock.monotonic());
        await within(call.background, left, () => repair.over).catch(() => repairs.delete(token));
      }
      const answer = await run(freely, GIVE, "freed gone forced unrecorded", call, token, rest, lifeOf(call));
      if (answer.outcome === "freed") freed.add(token);
      forgetOldest(freed);
      // What an earlier copy freed it cannot have lost, whatever its record still knows.
      return freed.has(token) && answer.outcome !== "forced" ? { ...answer, outcome: "freed" } : answer;
    },

    async release(call, token, rest, send) {
      return (await send(() => part.give(call, token, rest))) as Answer;
    },

    look: (call) => run(freely, LOOK, "held free", call, ""),

    take: (call, token, value) => run(freely, FORCE, "granted busy gone", call, token, call.ttl, call.life, value),
  };
  return part;
}
