import type { TokenFacts } from "./facts.ts";
import type { Execution } from "./network.ts";
import type { Witness } from "./witness.ts";

/**
 * Invariant 3: larger with each grant, the same when a grant is repeated. A server that lost data may show a token an
 * earlier fence of its own once more: it is as good as the one that was lost.
 */
export function checkFences(witness: Witness, execution: Execution, facts: TokenFacts, granted: boolean): void {
  const { message, server, recordBefore, clock } = execution;
  const fence = fenceOf(execution, facts);
  if (fence === undefined) return;
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
  } else if (facts.fence !== fence && !(facts.fences.has(fence) && server.losses > facts.lossesAtFence)) {
    witness.fail(3, `${facts.label} is told fence ${fence}, and before that ${facts.fence}`);
  }
  facts.fence = fence;
  facts.fences.add(facts.fence);
  facts.lossesAtFence = server.losses;
}

/** What this execution gives or shows to the token: a hand-over to another leaves it in the record. */
function fenceOf({ message, reply, server }: Execution, facts: TokenFacts): string | undefined {
  const [outcome, , fence] = Array.isArray(reply) ? (reply as [string, number, string]) : [];
  if (message.token.startsWith(facts.id) || message.kind === "hand")
    return outcome === "granted" ? fence || undefined : undefined;
  const [, minted, id] = /^(\d+)\+(.{23})/.exec(server.peek(message.record)?.value ?? "") ?? [];
  return id === facts.id ? minted : undefined;
}
