import type { TokenFacts } from "./facts.ts";
import type { Execution } from "./network.ts";
import type { Witness } from "./witness.ts";

/** Invariant 3: larger with each grant, the same when a grant is repeated. */
export function checkFences(witness: Witness, execution: Execution, facts: TokenFacts, granted: boolean): void {
  const { message, reply, recordBefore, clock } = execution;
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
    facts.fence = fence as string;
  } else if (facts.fence !== fence) {
    witness.fail(3, `${facts.label} is told fence ${fence}, and before that ${facts.fence}`);
  }
}
