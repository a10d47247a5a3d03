import type { TokenFacts } from "./facts.ts";
import type { Execution } from "./network.ts";
import type { Witness } from "./witness.ts";

/**
 * Invariant 3: larger with each grant, the same when a grant is repeated. A server that lost data may show a token an
 * earlier fence of its own once more: it is as good as the one that was lost.
 */
export function checkFences(witness: Witness, execution: Execution, facts: TokenFacts, granted: boolean): void {
  const { message, server, reply, recordBefore, clock } = execution;
  const [outcome, , fence] = Array.isArray(reply) ? reply : [];
  if (outcome !== "granted" || fence === "") return;
  const { lock } = message;
  const last = witness.fences.get(lock) ?? 0;
  if (granted) {
    if (Number(fence) <= last) {
      const lost = (Number.parseInt(recordBefore ?? "", 10) || 0) < last;
      const behind = Math.floor(clock) * 1000 <= last;
      if (lost && behind) witness.count("fence went back: a server lost the record and its clock is behind");
      else witness.fail(3, `${facts.label} gets fence ${fence} after ${last}`);
    }
    witness.fences.set(lock, Number(fence));
    const minted = `${lock} ${fence}`;
    const earlier = witness.minted.get(minted) ?? facts.id;
    if (earlier !== facts.id) witness.givenTwice.add(lock);
    witness.minted.set(minted, facts.id);
  } else if (facts.fence !== fence && !(facts.fences.has(fence as string) && server.losses > facts.lossesAtFence)) {
    witness.fail(3, `${facts.label} is told fence ${fence}, and before that ${facts.fence}`);
  }
  facts.fence = fence as string;
  facts.fences.add(facts.fence);
  facts.lossesAtFence = server.losses;
}
