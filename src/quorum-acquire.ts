import type { Call } from "./core.ts";
import { instant } from "./deadline.ts";
import { classify } from "./failure.ts";
import type { Send } from "./limit.ts";
import { agree } from "./quorum-fence.ts";
import type { Candidate } from "./quorum-refusal.ts";
import { reasonFor, refuse } from "./quorum-refusal.ts";
import type { Electorate } from "./quorum-votes.ts";
import { leftOf } from "./quorum-votes.ts";
import type { Stamped } from "./reply.ts";
import type { Rounds, Vote } from "./round.ts";
import { rounds } from "./round.ts";
import type { Attempted } from "./store.ts";

const grantsOf = (votes: readonly Vote<Stamped>[]) =>
  votes.flatMap(({ answer }) => (answer?.outcome === "granted" ? [answer] : []));

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
  const { parts, limitOf, longestOf, clock } = electorate;
  let round: Rounds | undefined;
  let candidate: Candidate | undefined;
  try {
    return (await send((limit) => {
      round = rounds(call.clock, limitOf(call), limit);
      const sent = instant(clock);
      const ballots = parts.map((part) => part.vote(call, token, timed, longestOf(call)));
      candidate = { electorate, call, token, timed, round, sent, ballots, spent: false };
      return elect(candidate);
    })) as Attempted;
  } catch (thrown) {
    // Cut short while the token was being given back: it must not be used again.
    throw candidate?.spent ? { outage: classify(thrown) } : thrown;
  } finally {
    round?.end();
  }
}

async function elect(candidate: Candidate): Promise<Attempted> {
  const { electorate, call, round, sent, ballots } = candidate;
  const { majority } = electorate;
  const votes = await round.decide(ballots, (seen, open) => {
    const good = seen.filter(({ answer, failure }) => answer?.outcome === "granted" && !failure).length;
    return good >= majority || good + open < majority ? seen : undefined;
  });
  const grants = grantsOf(votes.filter(({ failure }) => !failure));
  if (grants.length < majority) return refuse(candidate, votes, reasonFor(candidate, votes, grants.length));

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
  return agree(candidate, votes, granted, fence);
}
