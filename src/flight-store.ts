import { cleanUp } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { instant } from "./deadline.ts";
import { classify } from "./failure.ts";
import { FLY, LAND, LEAVE, PEEK } from "./flight-scripts.ts";
import { MARK, RESULT } from "./keys.ts";
import type { Send } from "./limit.ts";
import { outage } from "./quorum-votes.ts";
import { describe } from "./redact.ts";
import type { Answer, Stamped } from "./reply.ts";
import { malformed } from "./reply.ts";
import type { Vote } from "./round.ts";
import { poll } from "./round.ts";
import type { Attempted, Store } from "./store.ts";
import { stamped } from "./store.ts";

/** What a holder leaves behind when it releases the lock. */
export interface Cargo {
  token: string;
  /** The life of the result, milliseconds. */
  keep: number;
  /** `<fence> =<text>`, or `<fence> !`. */
  value: string;
}

/** A store for one call: its attempts end with a result where there is one, its release leaves one behind. */
export interface FlightStore {
  store: Store;
  /** What another left, which ended the wait. */
  served?: Answer;
  /** Whether an attempt went unanswered, so that its token may have been granted. */
  unsure: boolean;
  /** The failure that was there before this caller waited, 0 for none: it is none of those that it waited for. */
  old?: number;
  /** When it last began to ask and was told that another has it, on the monotonic clock; absent if it never was. */
  asked?: number;
  /** Asked at the release, and again if that is repeated. */
  cargo(token: string): Cargo | undefined;
}

type Ask = (
  store: Store,
  call: Call,
  send: Send,
  script: string,
  outcomes: string,
  args: unknown[],
) => Promise<Stamped>;

/** Runs a script on the three keys. A result may be a secret: a reply that is no answer is shown without it. */
const ask: Ask = async (store, { clock, lock, recordKey }, send, script, outcomes, args) => {
  let text = "";
  const answer = await stamped(clock, send, outcomes, async () => {
    const keys = [lock, recordKey, RESULT + lock, ...(script === FLY ? [MARK + lock] : [])];
    const reply = await store.wire?.eval(script, keys, args.map(String));
    if (!Array.isArray(reply) || reply[0] !== "kept") return reply;
    const [outcome, left, fence, found, ...more] = reply;
    const fits = typeof found === "string" && found[0] === "=";
    if (fits) text = found.slice(1);
    return [outcome, left, fence, fits ? "=" : "?", ...more];
  });
  return answer.outcome === "kept" ? { ...answer, label: text } : answer;
};

/** What leaves a result. Clients put what they were sent into what they throw. */
async function discreet({ value }: Cargo, leave: () => Promise<Stamped>): Promise<Stamped> {
  try {
    return await leave();
  } catch (thrown) {
    const quoted = JSON.stringify(value).slice(1, -1);
    const text = describe(thrown).replaceAll(value, "<result>").replaceAll(quoted, "<result>");
    throw Object.assign(new Error(text), { definitive: Object(thrown).definitive });
  }
}

/** `failing`: a failure that another left ends the wait, once this caller has waited. */
export function flightStore(inner: Store, failing: boolean): FlightStore {
  const flight: FlightStore = { store: inner, unsure: false, cargo: () => undefined };

  /** The waiting loop knows only grants: this one ends it. */
  function serve(call: Call, answer: Answer): Attempted {
    flight.served = answer;
    return { ...answer, outcome: "granted", left: call.ttl, ...instant(call.clock) };
  }

  async function known({ clock }: Call, attempt: () => Promise<Attempted>): Promise<Attempted> {
    const began = clock.monotonic();
    try {
      const answer = await attempt();
      if (answer.outcome === "busy") flight.asked = began;
      return answer;
    } catch (thrown) {
      flight.unsure = true;
      throw thrown;
    }
  }

  const one: Partial<Store> = {
    acquire: (call, token, _plain, timed, send) =>
      known(call, async () => {
        const { ttl, life } = call;
        const args = [token, ttl, life, timed ? 1 : "", failing ? (flight.old ?? "") : ""];
        const answer = await ask(inner, call, send, FLY, "granted busy spent kept failed", args);
        if (answer.outcome === "kept" || answer.outcome === "failed") return serve(call, answer);
        if (answer.outcome === "granted" && !answer.fence) throw malformed(answer);
        if (answer.outcome === "busy") flight.old ??= answer.fence ?? 0;
        return answer;
      }),

    async release(call, token, rest, send) {
      const cargo = flight.cargo(token);
      if (!cargo) return inner.release(call, token, rest, send);
      const args = [token, rest, call.life, cargo.keep, cargo.value];
      return discreet(cargo, () => ask(inner, call, send, LAND, "freed gone forced unrecorded", args));
    },
  };

  flight.store = { ...inner, ...(inner.parts ? overMany(flight, inner, failing, serve, known) : one) };
  return flight;
}

/**
 * A result counts if a majority has it. Each store took it only from the token that held the lock there, so a lease that
 * its majority has lost cannot leave one. It is there before the lock is released anywhere: who is granted the lock
 * looks once more. If a store that has it is lost, or out of reach, there may be no majority for it: it is computed again.
 */
function overMany(
  flight: FlightStore,
  inner: Store,
  failing: boolean,
  serve: (call: Call, answer: Answer) => Attempted,
  known: (call: Call, attempt: () => Promise<Attempted>) => Promise<Attempted>,
): Partial<Store> {
  const { parts = [], majority = parts.length, limitOf = ({ commandTimeout }: Call) => commandTimeout } = inner;
  const panel = { parts, majority, limitOf };
  const directly: Send = (command) => command(Infinity);
  const failures = (seen: readonly Vote<Answer>[]) => seen.filter(({ failure }) => failure).length;

  /** Throws where so many stores failed that nothing can be said. */
  async function peek(call: Call, send: Send): Promise<Answer | undefined> {
    const look = (part: Store) => ask(part, call, directly, PEEK, "kept failed free", []);
    const judge = (seen: readonly Vote<Answer>[], open: number): { found?: Answer } | undefined => {
      const there = seen.flatMap(({ answer }) => (answer?.fence ? [answer] : []));
      const same = ({ fence }: Answer) => there.filter((answer) => answer.fence === fence).length;
      const [best] = there.sort((a, b) => same(b) - same(a));
      const count = best ? same(best) : 0;
      if (count >= majority) return { found: best as Answer };
      if (count + open >= majority) return undefined;
      if (failures(seen) > parts.length - majority) throw outage(panel, seen);
      return {};
    };
    const { found } = (await poll(panel, call, send, look, judge)).verdict;
    const failure = found?.outcome === "failed" && found.fence;
    flight.old ??= failure || 0;
    return !failure || (failing && failure !== flight.old) ? found : undefined;
  }

  return {
    acquire: (call, token, plain, timed, send) =>
      known(call, async () => {
        // Stores that do not answer will not grant either, and the grant says why.
        const before = await peek(call, send).catch(() => undefined);
        if (before) return serve(call, before);
        const answer = await inner.acquire(call, token, plain, timed, send);
        if (answer.outcome !== "granted") return answer;
        let after: Answer | undefined;
        try {
          after = await peek(call, send);
        } catch (thrown) {
          // The next attempt takes another token.
          void cleanUp({ ...call, store: inner }, token);
          throw { outage: classify(thrown) };
        }
        if (!after || (after.outcome === "failed" && flight.asked === undefined)) return answer;
        flight.unsure = true;
        return serve(call, after);
      }),

    async release(call, token, rest, send) {
      const cargo = flight.cargo(token);
      if (cargo) {
        const args = [token, cargo.keep, "", cargo.value];
        const leave = (part: Store) => discreet(cargo, () => ask(part, call, directly, LEAVE, "held gone", args));
        await poll(panel, call, send, leave, (seen, open) => {
          const left = seen.filter(({ answer }) => answer?.outcome === "held").length;
          if (left >= majority) return seen;
          if (left + open >= majority) return undefined;
          if (left + failures(seen) >= majority) throw outage(panel, seen);
          return seen;
        });
      }
      return inner.release(call, token, rest, send);
    },
  };
}
