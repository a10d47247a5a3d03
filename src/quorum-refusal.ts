import type { Call } from "./core.ts";
import type { Instant } from "./deadline.ts";
import type { Outage } from "./failure.ts";
import { tidy } from "./quorum-tidy.ts";
import type { Electorate } from "./quorum-votes.ts";
import { leftOf, most, outage } from "./quorum-votes.ts";
import type { Answer, Stamped } from "./reply.ts";
import type { Rounds, Vote } from "./round.ts";
import { vote } from "./round.ts";
import type { Attempted } from "./store.ts";

/** One attempt to be granted the lock, which is under way. */
export interface Candidate {
  electorate: Electorate;
  call: Call;
  token: string;
  /** Whether to tell when the lock of another ends. */
  timed: boolean;
  round: Rounds;
  /** When the stores were asked. */
  sent: Instant;
  ballots: readonly Promise<Vote<Stamped>>[];
  /** Whether the token is being given back. */
  spent: boolean;
}

const mayHold = ({ answer, failure }: Vote<Answer>) => (answer ? answer.outcome === "granted" : !failure?.refused);

/** Why so many grants are too few. */
export function reasonFor(
  { electorate, timed, sent }: Candidate,
  said: readonly Vote<Answer>[],
  grants: number,
): Attempted | Outage {
  const { parts, majority } = electorate;
  if (said.filter(({ failure }) => failure).length > parts.length - majority) return outage(electorate, said);
  const others = said.flatMap(({ answer }) => (answer?.outcome === "busy" ? [answer] : []));
  const open = said.filter(({ answer, failure }) => !answer && !failure).length;
  // As many as have to become free for a majority, if those that have not answered yet are.
  const free = Math.max(1, majority - grants - open);
  const left = timed ? leftOf(others, others.length - free + 1) : -1;
  const label = most(others.map((answer) => answer.label)).value ?? "";
  const outcome = others.length ? "busy" : "spent";
  return { outcome, left, fence: undefined, label, ...sent };
}

/** Gives back what was granted, and what may be: what is known to be, before the attempt ends for this reason. */
export async function refuse(
  candidate: Candidate,
  votes: readonly Vote<Answer>[],
  reason: Attempted | Outage,
): Promise<Attempted> {
  const { electorate, call, token, round, ballots } = candidate;
  candidate.spent = true;
  const waits: Promise<Vote<void>>[] = [];
  let undecided = 0;
  let gave = votes.some(({ answer }) => answer?.outcome === "spent");
  for (const [index, part] of electorate.parts.entries()) {
    const seen = votes[index] ?? {};
    if (!mayHold(seen)) continue;
    undecided++;
    const over = tidy(electorate, call, part, token, ballots[index] as Promise<Vote<Stamped>>, mayHold).then(
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
