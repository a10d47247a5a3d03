import type { Call } from "./core.ts";
import { instant } from "./deadline.ts";
import type { Outage } from "./failure.ts";
import { classify } from "./failure.ts";
import type { Send } from "./limit.ts";
import type { Ballot } from "./quorum-part.ts";
import { tidy } from "./quorum-tidy.ts";
import type { Electorate } from "./quorum-votes.ts";
import { leftOf, most, outage } from "./quorum-votes.ts";
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
    let gave = votes.some(({ answer }) => answer?.outcome === "spent");
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

  /** Why so many grants are too few. */
  function refusal(said: readonly Vote<Answer>[], count: number): Attempted | Outage {
    if (said.filter(({ failure }) => failure).length > parts.length - majority) return outage(electorate, said);
    const others = said.flatMap(({ answer }) => (answer?.outcome === "busy" ? [answer] : []));
    const open = said.filter(({ answer, failure }) => !answer && !failure).length;
    // As many as have to become free for a majority, if those that have not answered yet are.
    const free = Math.max(1, majority - count - open);
    const left = timed ? leftOf(others, others.length - free + 1) : -1;
    const label = most(others.map((answer) => answer.label)).value ?? "";
    const outcome = others.length ? "busy" : "spent";
    return { outcome, left, fence: undefined, label, ...sent };
  }

  if (grants.length < majority) return refused(votes, refusal(votes, grants.length));

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
      const held = answer?.outcome === "granted" ? await parts[index]?.raise(call, token, fence) : answer;
      if (failure) throw { outage: failure };
      return held as Answer;
    }),
  );
  // A store that granted late, with a larger fence, would let a later grant have a smaller one.
  const agree = (said: readonly Vote<Answer>[]) =>
    said.flatMap(({ answer }) => (answer?.outcome === "held" && answer.fence === fence ? [answer] : []));
  const said = await round.decide(raised, (seen, open) => {
    const held = agree(seen).length;
    return held >= majority || held + open < majority ? seen.map((each) => ({ ...each })) : undefined;
  });
  const agreed = agree(said);
  if (agreed.length >= majority) return { ...granted, left: leftOf(agreed, majority), fence, ...again };
  const reason = refusal(said, agreed.length);
  const over = { outage: classify("the grant was over before its fence was agreed on") };
  return refused(votes, !("outage" in reason) && reason.outcome === "spent" ? over : reason);
}
