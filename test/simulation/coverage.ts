import { detailOf } from "./coverage-contended.ts";
import type { Execution } from "./network.ts";
import { ALLOWED, BREAKING, MESSAGE_FAULTS } from "./plan.ts";
import type { Witness } from "./witness.ts";

/** Which branch of the protocol this was, from what the server had and what it answered. */
export function tallyExecution(witness: Witness, execution: Execution): void {
  const { message, before, recordBefore, reply } = execution;
  const { kind, token, more, sentAt, client, executions, number, store } = message;
  const [outcome, left] = Array.isArray(reply) ? reply : [reply];
  const own = before?.value === token;
  const late = witness.world.timeline.now - sentAt > client.plan.commandTimeout;
  if (executions > 1) witness.count("message: executed again");
  const { latest } = client;
  if (executions === 1 && number < (latest[store] ?? 0)) witness.count("message: overtaken by a later one");
  latest[store] = Math.max(number, latest[store] ?? 0);
  if (late) witness.count("message: executed after its sender gave up");
  let detail = detailOf(execution);
  if (kind === "acquire" && outcome === "granted") detail = own ? ", replayed" : more[1] === "" ? ", no fence" : "";
  if (kind === "acquire" && outcome === "busy")
    detail = before?.value[0] === "." ? ", kept" : (left as number) >= 0 ? ", timed" : "";
  if (kind === "release" && outcome === "freed")
    detail = before?.value === `.${token}` ? ", already kept" : more[0] === "0" ? "" : ", and kept";
  if (kind === "release" && outcome === "gone")
    detail = recordBefore?.includes(token.slice(0, 23)) ? "" : more[1] === "" ? ", no record" : ", record full";
  if (kind === "force" && outcome === "granted") detail = own ? ", replayed" : "";
  witness.count(`${kind}: ${outcome}${detail}`);
}

/** What the report has to show at least once. The names of faults come from the plan. */
export const FAULTS: readonly string[] = [
  ...MESSAGE_FAULTS,
  ...ALLOWED,
  ...BREAKING,
  "late timers",
  "clocks apart",
  "clock that stands still",
].map((kind) => `fault: ${kind}`);

export const BRANCHES: readonly string[] = [
  "set: OK",
  "set: null",
  "acquire: granted",
  "acquire: granted, no fence",
  "acquire: granted, replayed",
  "acquire: busy",
  "acquire: busy, timed",
  "acquire: busy, kept",
  "acquire: spent",
  "extend: held",
  "extend: gone",
  "extend: forced",
  "extend: busy",
  "verify: held",
  "verify: gone",
  "verify: forced",
  "verify: busy",
  "release: freed",
  "release: freed, and kept",
  "release: freed, already kept",
  "release: gone",
  "release: gone, no record",
  "release: gone, record full",
  "release: forced",
  "release: unrecorded",
  "delete-if: 1",
  "delete-if: 0",
  "force: granted",
  "force: granted, replayed",
  "force: busy",
  "force: gone",
  "query: held",
  "query: kept",
  "query: free",
  "scan: =0",
  "server: NOSCRIPT",
  "message: executed again",
  "message: executed after its sender gave up",
  "message: overtaken by a later one",
  "event: waiting",
  "event: acquired",
  "event: renewed",
  "event: released",
  "event: lost",
  "event: failed during acquire",
  "event: failed during renew",
  "event: failed during release",
  "event: failed during clean-up",
  "lost: expired",
  "lost: unreachable",
  "lost: deleted",
  "lost: taken",
  "lost: max-hold",
  "lost: closed",
  "call: granted",
  "call: busy",
  "call: TIMEOUT",
  "call: BACKEND",
  "call: CLOSED",
  "call: aborted",
  "call: a grant with nothing left was given back",
  "request: done",
  "request: threw its own error",
  "request: LOST with its result",
  "extend: the lease was extended",
  "extend: LOST",
  "extend: BACKEND",
  "verify: true",
  "verify: false",
  "verify: BACKEND",
  "release: true",
  "release: false",
  "release: BACKEND",
  "lease: handed over",
  "lease: restored",
  "close: with leases held",
];

/** What has to be seen to fail, or the simulator is too kind. */
export const SEEN: readonly string[] = [
  "exclusion fails: force",
  "exclusion fails: delete",
  "exclusion fails: a shared lease",
  "exclusion fails: a clock that stands still, without verify()",
  ...BREAKING.map((kind) => `exclusion fails: ${kind}`),
  "fence went back: a server lost the record and its clock is behind",
  "late copy: an acquire without a fence holds the name, idle",
  "late copy: its token was forgotten, it holds the name, idle",
  "resource without fences: accepted a stale write",
  "resource without fences: lost an update",
  "resource with fences: refused a stale request",
];
