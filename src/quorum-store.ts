import { instant, lessDrift, since } from "./deadline.ts";
import { LockOptionsError } from "./errors.ts";
import { backendError, classify } from "./failure.ts";
import { attempt } from "./quorum-acquire.ts";
import type { Part } from "./quorum-part.ts";
import { tidy } from "./quorum-tidy.ts";
import type { Electorate } from "./quorum-votes.ts";
import { leftOf, most, outage } from "./quorum-votes.ts";
import { refuse } from "./read-options.ts";
import type { Answer, Stamped } from "./reply.ts";
import type { Vote } from "./round.ts";
import { poll } from "./round.ts";
import type { Released, Store } from "./store.ts";

type Judge<V> = (seen: readonly Vote<Answer>[], open: number) => V | undefined;

const NOTHING: Answer = { outcome: "free", left: -1, fence: undefined, label: "" };

/** Many stores behind the interface of one. */
export function createQuorumStore(electorate: Electorate, maxTtl: number | undefined): Store {
  const { parts, majority, clock, limitOf } = electorate;

  const saying = (seen: readonly Vote<Answer>[], outcomes: string) =>
    seen.flatMap(({ answer }) => (answer && outcomes.includes(answer.outcome) ? [answer] : []));
  const failures = (seen: readonly Vote<unknown>[]) => seen.filter(({ failure }) => failure).length;

  const all: Judge<readonly Vote<Answer>[]> = (seen, open) =>
    open || failures(seen) > parts.length - majority ? undefined : seen;

  const store: Store = {
    parts: [...parts],
    majority,
    limitOf,

    check({ ttl, fair }) {
      if (fair)
        throw new LockOptionsError("fair: independent servers have no line that a majority agrees on. Use one server.");
      if (typeof ttl === "number" && maxTtl && ttl > maxTtl)
        refuse("ttl", ttl, `at most the maxTtl of this quorum, ${maxTtl} ms`);
    },

    acquire: (call, token, _plain, timed, send) => attempt(electorate, call, token, timed, send),

    async extend(call, token, ttl, send, fence = 0) {
      const sent = instant(clock);

      /** Only after a majority said that the lock is held: one that has expired must not come back. */
      function repair(votes: Promise<Vote<Answer>>[]): void {
        votes.forEach(async (each, index) => {
          const { answer } = await each;
          if (!ttl || answer?.outcome !== "gone" || !answer.fence) return;
          // Where the lock was gone, and for no longer than the majority holds it for certain.
          const left = Math.floor(lessDrift(ttl) - since(clock, sent));
          const last = answer.fence + left * 1000;
          if (left > 0) await parts[index]?.repair(call, token, ttl, fence, last, limitOf(call));
        });
      }

      const judge: Judge<Stamped> = (seen) => {
        const held = saying(seen, "held");
        if (held.length >= majority) return { ...(held[0] as Answer), left: leftOf(held, majority), ...sent };
        const lost = saying(seen, "forced busy gone");
        if (lost.length <= parts.length - majority) return undefined;
        const [reason] = [
          ...saying(
            lost.map((answer) => ({ answer })),
            "forced",
          ),
          ...lost.filter(isBusy),
          ...lost,
        ];
        return { ...(reason as Answer), ...sent };
      };
      const { verdict, votes } = await poll(electorate, call, send, (part) => part.keep(call, token, ttl), judge);
      if (verdict.outcome === "held") repair(votes);
      return verdict;
    },

    async release(call, token, rest, send) {
      const failed = ({ failure }: Vote<Answer>) => !!failure;
      const judge: Judge<Released> = (seen, open) => {
        const [freed, gone] = [saying(seen, "freed").length, saying(seen, "gone").length];
        if (freed >= majority) return { outcome: "freed" };
        if (freed + open >= majority) return undefined;
        if (freed + gone >= majority) return { outcome: "gone" };
        if (freed + gone + open + failures(seen) >= majority) return undefined;
        return { outcome: saying(seen, "forced").length ? "forced" : "unrecorded" };
      };
      const { verdict, votes, seen } = await poll(
        electorate,
        call,
        send,
        (part) => part.give(call, token, rest),
        judge,
      );
      for (const [index, part] of parts.entries()) {
        if (seen[index]?.answer) continue;
        void tidy(electorate, call, part, token, votes[index] as Promise<Vote<Answer>>, failed);
      }
      return verdict;
    },

    async query(call, send) {
      const judge: Judge<Answer> = (seen, open) => {
        const found = saying(seen, "held");
        const { value = "", count } = most(found.map(({ label }) => label));
        const mine = found.filter(({ label }) => label === value);
        if (count >= majority) {
          const fence = most(mine.map((answer) => answer.fence));
          // A store that granted after the fence was agreed on has a larger one: others may still make a majority.
          if (fence.count < majority && fence.count + open >= majority) return undefined;
          const [, kept, label = ""] = /^([.?]?)t[\w-]{22}(?: ([\s\S]*))?$/.exec(value) ?? [];
          return {
            outcome: kept === "." ? "kept" : "held",
            left: leftOf(mine.map(orForEver), majority),
            fence: fence.count >= majority ? fence.value : undefined,
            label,
          };
        }
        return count + open + failures(seen) >= majority ? undefined : NOTHING;
      };
      return (await poll(electorate, call, send, (part) => part.look(call), judge)).verdict;
    },

    async force(call, token, send) {
      const { verdict: before } = await poll(electorate, call, send, (part) => part.look(call), all);
      const values = before.map(({ answer }) => (answer?.outcome === "held" ? answer.label : undefined));
      const holder = most(values.filter((value) => value !== undefined));
      const held = holder.count >= majority;
      const free = saying(before, "free").length;
      // What an earlier try took is still to be freed.
      if (!held && free >= majority && !values.includes(token)) return NOTHING;
      const take = async (part: Part, index: number): Promise<Answer> => {
        const value = values[index];
        if (before[index]?.failure) throw { outage: before[index].failure };
        return value === undefined || (held && value !== holder.value) ? NOTHING : part.take(call, token, value);
      };
      const { verdict: after } = await poll(electorate, call, send, take, all);
      // Ours or nobody's, in a majority.
      const taken = saying(after, "granted gone free").length >= majority;
      return { ...NOTHING, outcome: taken ? "granted" : "busy" };
    },

    async *scan(call, send) {
      const votes: Vote<unknown>[] = [];
      for (const part of parts) {
        try {
          yield* part.scan(call, send);
          votes.push({});
        } catch (thrown) {
          votes.push({ failure: classify(Object(thrown).cause ?? thrown) });
        }
      }
      // Whatever a majority holds is at one of those that answered.
      if (failures(votes) >= majority) throw backendError(call.prefix, "list", outage(electorate, votes).outage);
    },
  };
  return store;
}

const orForEver = ({ left }: Answer) => ({ left: left < 0 ? Infinity : left });
const isBusy = ({ outcome }: Answer) => outcome === "busy";
