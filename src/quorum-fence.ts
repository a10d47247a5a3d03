import { instant } from "./deadline.ts";
import { classify } from "./failure.ts";
import type { Candidate } from "./quorum-refusal.ts";
import { reasonFor, refuse } from "./quorum-refusal.ts";
import { leftOf } from "./quorum-votes.ts";
import type { Answer, Stamped } from "./reply.ts";
import type { Vote } from "./round.ts";
import { vote } from "./round.ts";
import type { Attempted } from "./store.ts";

/** The second round: a majority that still holds the lock has to know this fence, and no larger one. */
export async function agree(
  candidate: Candidate,
  votes: readonly Vote<Stamped>[],
  granted: Attempted,
  fence: number,
): Promise<Attempted> {
  const { electorate, call, token, round, ballots } = candidate;
  const { parts, majority, clock } = electorate;
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
  const agreed = (said: readonly Vote<Answer>[]) =>
    said.flatMap(({ answer }) => (answer?.outcome === "held" && answer.fence === fence ? [answer] : []));
  const said = await round.decide(raised, (seen, open) => {
    const held = agreed(seen).length;
    return held >= majority || held + open < majority ? seen : undefined;
  });
  const holding = agreed(said);
  if (holding.length >= majority) return { ...granted, left: leftOf(holding, majority), fence, ...again };
  const reason = reasonFor(candidate, said, holding.length);
  const over = { outage: classify("the grant was over before its fence was agreed on") };
  return refuse(candidate, votes, !("outage" in reason) && reason.outcome === "spent" ? over : reason);
}
