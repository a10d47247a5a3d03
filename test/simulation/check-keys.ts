import type { Meaning } from "./command.ts";
import { labelOf } from "./command.ts";
import type { TokenFacts } from "./facts.ts";
import type { Execution } from "./network.ts";
import type { Entry } from "./server.ts";
import type { Witness } from "./witness.ts";

/** How many later entries push a token out of a record. */
const REMEMBERED = 7;

const READING = ["verify", "query", "scan", "ask", "raise", "look"];
const MAKING = ["acquire", "set", "force", "vote", "repair", "join"];

/** Invariant 5: what a command may do to a key that somebody has. */
export function checkKeys(witness: Witness, { message, before, after }: Execution, { label }: TokenFacts): void {
  const changed = before?.value !== after?.value || before?.expires !== after?.expires;
  if (!changed) return;
  const wrong = wrongOf(message, before, after);
  if (wrong) witness.fail(5, `${message.kind} of ${label} ${wrong}`);
}

function wrongOf(
  { kind, token, more }: Meaning,
  before: Entry | undefined,
  after: Entry | undefined,
): string | undefined {
  const handed = before?.value === `?${token}`;
  if (handed && (kind === "verify" || kind === "extend") && after?.value === token)
    return after.expires < before.expires ? "shortened a life" : undefined;
  if (READING.includes(kind)) return "changed a key";
  if (!before) return MAKING.includes(kind) ? undefined : "made a key";
  if (kind === "force") {
    if (before.value !== more[2]) return `took ${before.value.slice(0, 6)}…, which it had not read`;
    return;
  }
  if (before.value === `.${token}`) return "changed a name that is kept";
  if (handed && kind === "join") return after?.value === token ? undefined : "lost what it was handed";
  if (before.value !== token && !handed) return `changed the key of ${labelOf(before.value)}`;
  if (MAKING.includes(kind)) return "changed its own key when it was repeated";
  if ((kind === "extend" || kind === "keep") && (after?.expires ?? 0) < before.expires) return "shortened a life";
}

/**
 * Invariant 7: an acquire that is executed after its own release comes to nothing. Unless it has no fence: then there
 * is no record, and it may hold the name, idle, for one ttl.
 */
export function checkLateCopies(
  witness: Witness,
  execution: Execution,
  facts: TokenFacts,
  { releasedAt, lossesThen }: Pick<TokenFacts, "releasedAt" | "lossesThen"> = facts,
  entries: number = witness.entries.get(execution.message.lock) ?? 0,
  remembered: number = REMEMBERED,
): void {
  const { message, server, recordBefore } = execution;
  const { kind, more } = message;
  if (releasedAt === undefined || kind === "force") return;
  if (kind === "set" || more[kind === "hand" ? 4 : 1] === "") {
    witness.count("late copy: an acquire without a fence holds the name, idle");
    return;
  }
  const since = entries - releasedAt;
  const known = recordBefore?.includes(facts.id);
  const lost = server.losses > lossesThen;
  if (known || !(since >= remembered || lost)) {
    witness.fail(7, `${facts.label} is granted after its own release, ${since} entries later`);
  } else {
    witness.count("late copy: its token was forgotten, it holds the name, idle");
  }
}
