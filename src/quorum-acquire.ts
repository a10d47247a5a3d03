import type { Call } from "./core.ts";
import { instant } from "./deadline.ts";
import type { Outage } from "./failure.ts";
import { classify } from "./failure.ts";
import type { Send } from "./limit.ts";
import type { Ballot } from "./quorum-part.ts";
import type { Electorate } from "./quorum-votes.ts";
import { leftOf, most, outage, tidy } from "./quorum-votes.ts";
import type { Answer } from "./reply.ts";
import type { Rounds, Vote } from "./round.ts";
import { rounds, vote } from "./round.ts";
import type { Attempted } from "./store.ts";

type Votes = readonly Vote<Ballot>[];

const grantsOf = (votes: Votes) => votes.flatMap(({ answer }) => (answer?.outcome === "granted" ? [answer] : []));
const mayHold = ({ answer, failure }: Vote<Answer>) => (answer ? answer.outcome === "granted" : !failure?.refused);

/**
 * One attempt: every store is asked at once, and a majority grants. Then the largest of their fences is written back to
 * them, and the lease has it if a majority that still holds the lock took it and knows no larger one: so a majority of a
 * later grant has a store that counts from there. What a refused attempt was granted is given back before it ends.
 */
export async function attempt(
  electorate: Electorate,
  call: Call,
  token: string,
  timed: boolean,
  send: Send,
): Promise<Attempted> {
  const { limitOf } = electorate;
  let round: Rounds | undefined;
  let refused = false;
  const onRefusal = () => {
    refused = true;
  };
  try {
    return (await send((limit) => {
      round = rounds(call.clock, limitOf(call), limit);
      return elect(electorate, round, call, token, timed, onRefusal);
    })) as Attempted;
  } catch (thrown) {
    // Cut short while the token was being given back: it must not be used again.
    throw refused ? { outage: classify(thrown) } : thrown;
  } finally {
    round?.end();
  }
}

async function elect(
  electorate: Electorate,
  round: Rounds,
  call: Call,
  token: string,
  timed: boolean,
  onRefusal: () => void,
): Promise<Attempted> {
  const { parts, majority, clock, longestOf } = electorate;

  async function refused(votes: Votes, reason: Attempted | Outage): Promise<Attempted> {
    onRefusal();
    const waits: Promise<Vote<void>>[] = [];
    let undecided = 0;
    let gave = false;
    for (const [index, part] of parts.entries()) {
      const seen = votes[index] ?? {};
      if (!mayHold(seen)) continue;
      undecided++;
      const over = tidy(electorate, call, part, token, ballots[index] as Promise<Vote<Ballot>>, mayHold).then(
        (given) => {
          undecided--;
          gave ||= given;
        },
      );
      // The next attempt of this caller, and of others, is not to meet what this one was granted.
      if (seen.answer) waits.push(vote(() => over));
    }
    if (waits.length) await round.decide(waits, (_, open) => (open ? undefined : true));
    if ("outage" in reason) throw reason;
    return { ...reason, used: () => gave || undecided > 0 || reason.outcome === "spent" };
  }

  const sent = instant(clock);
  const ballots = parts.map(async (part): Promise<Vote<Ballot>> => {
    const cast = await vote(() => part.vote(call, token, timed, longestOf(call)));
    return cast.answer?.young ? { ...cast, failure: cast.answer.young } : cast;
  });
  const votes = await round.decide(ballots, (seen, open) => {
    const good = seen.filter(({ answer, failure }) => answer?.outcome === "granted" && !failure).length;
    return good >= majority || good + open < majority ? seen.map((each) => ({ ...each })) : undefined;
  });
  const good = votes.filter(({ failure }) => !failure);
  const grants = grantsOf(good);

  if (grants.length < majority) {
    const failed = votes.filter(({ failure }) => failure).length;
    if (failed > parts.length - majority) return refused(votes, outage(electorate, votes));
    const others = votes.flatMap(({ answer }) => (answer?.outcome === "busy" ? [answer] : []));
    const open = votes.filter(({ answer, failure }) => !answer && !failure).length;
    // As many as have to become free for a majority, if those that have not answered yet are.
    const free = Math.max(1, majority - grants.length - open);
    const left = timed ? leftOf(others, others.length - free + 1) : -1;
    const label = most(others.map((answer) => answer.label)).value ?? "";
    const outcome = others.length ? "busy" : "spent";
    return refused(votes, { outcome, left, fence: undefined, label, ...sent });
  }

  const granted: Attempted = {
    outcome: "granted",
    left: leftOf(grants, majority),
    fence: undefined,
    label: "",
    ...sent,
  };
  if (!call.fence) return granted;

  const fence = Math.max(...grantsOf(votes).map((answer) => answer.fence as number));
  if (grants.filter((answer) => answer.fence === fence).length >= majority) return { ...granted, fence };
  const again = instant(clock);
  const raised = ballots.map((ballot, index) =>
    vote(async () => {
      const { answer, failure } = await ballot;
      if (answer?.outcome !== "granted") throw failure ?? classify("it did not grant");
      const held = await parts[index]?.raise(call, token, fence);
      if (failure) throw failure;
      return held as Answer;
    }),
  );
  const agreed = await round.decide(raised, (seen, open) => {
    // A store that granted late, with a larger fence, would let a later grant have a smaller one.
    const held = seen.flatMap(({ answer }) => (answer?.outcome === "held" && answer.fence === fence ? [answer] : []));
    return held.length >= majority || held.length + open < majority ? held : undefined;
  });
  if (agreed.length >= majority) return { ...granted, left: leftOf(agreed, majority), fence, ...again };
  return refused(votes, { outage: classify("the grant was over before its fence was agreed on") });
}
