import type { Clock } from "./clock.ts";
import type { Call } from "./core.ts";
import { track } from "./core.ts";
import type { Failure } from "./failure.ts";
import type { Send } from "./limit.ts";
import { GIVE, KEEP, LOOK, MEND, VOTE } from "./quorum-scripts.ts";
import type { Answer, Stamped } from "./reply.ts";
import { rounds, vote } from "./round.ts";
import { FORCE } from "./scripts.ts";
import type { Store } from "./store.ts";
import { createStore, runOver } from "./store.ts";
import type { Transport } from "./transport.ts";

/** A grant that does not count: the server may have forgotten that another holds the lock. */
export interface Ballot extends Stamped {
  young?: Failure | undefined;
}

/** One store of a quorum. Nothing here but a repair limits how long an answer may take. */
export interface Part extends Store {
  /** `maxTtl`: the longest ttl of any lock that the server may have forgotten, in milliseconds; 0 if it forgets none. */
  vote(call: Call, token: string, timed: boolean, maxTtl: number): Promise<Ballot>;
  keep(call: Call, token: string, ttl: number | undefined): Promise<Stamped>;
  /** Raises the counter to the agreed fence where the token holds the lock. */
  raise(call: Call, token: string, fence: number): Promise<Answer>;
  /** Gives the lock to its holder again, if the server does so until `last`, in microseconds of its own clock. */
  repair(call: Call, token: string, ttl: number, fence: number, last: number, limit: number): Promise<unknown>;
  give(call: Call, token: string, rest: number): Promise<Answer>;
  look(call: Call): Promise<Answer>;
  /** Takes the lock from exactly this value. */
  take(call: Call, token: string, value: string): Promise<Answer>;
}

/** So many tokens that were given back are remembered: no repair may begin after that. */
const REMEMBERED = 1000;

const freely: Send = (command) => command(Infinity);
const lifeOf = ({ fence, life }: Call) => (fence ? life : "");

export function createPart(transport: Transport, clock: Clock): Part {
  const run = runOver(transport, clock);
  const given = new Set<string>();
  const repairs = new Map<string, Promise<unknown>>();
  /** Which run of the server was seen, when it was seen last, and when another was, on the monotonic clock. */
  let runId: string | undefined;
  let seen = 0;
  let before = -Infinity;

  function youth(label: string, maxTtl: number): Failure | undefined {
    const [id, uptime] = label.split(" ");
    if (!id || !uptime) return undefined;
    const now = clock.monotonic();
    if (runId !== undefined && runId !== id) before = seen;
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
      const answer = await run(freely, VOTE, "granted busy spent", call, ...args);
      return answer.outcome === "granted" ? { ...answer, young: youth(answer.label, maxTtl) } : answer;
    },

    keep: (call, token, ttl) => run(freely, KEEP, "held gone forced busy", call, token, ttl ?? ""),

    raise: (call, token, fence) => run(freely, MEND, "held gone", call, token, "", call.life, fence, ""),

    async repair(call, token, ttl, fence, last, limit) {
      if (given.has(token)) return;
      const round = rounds(call.background, limit);
      const mended = vote(() => run(freely, MEND, "held gone", call, token, ttl, lifeOf(call), fence, last));
      const over = round.decide([mended], (votes, open) => (open ? undefined : votes)).catch(() => {});
      repairs.set(token, over);
      track(call, call.cleanUps, { until: clock.monotonic() + limit, over, end: round.end });
      await over;
      if (repairs.get(token) === over) repairs.delete(token);
    },

    async give(call, token, rest) {
      given.add(token);
      if (given.size > REMEMBERED) given.delete(given.values().next().value as string);
      await repairs.get(token);
      return run(freely, GIVE, "freed gone forced unrecorded", call, token, rest, lifeOf(call));
    },

    async release(call, token, rest, send) {
      return (await send(() => part.give(call, token, rest))) as Answer;
    },

    look: (call) => run(freely, LOOK, "held free", call, ""),

    take: (call, token, value) => run(freely, FORCE, "granted busy gone", call, token, call.ttl, call.life, value),
  };
  return part;
}
