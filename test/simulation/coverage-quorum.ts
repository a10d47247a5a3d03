import { BRANCHES } from "./coverage.ts";
import type { Execution } from "./network.ts";
import { ALLOWED, BREAKING, MESSAGE_FAULTS, QUORUM_ALLOWED } from "./plan.ts";
import type { Witness } from "./witness.ts";

/** Which branch of the protocol of several servers this was. */
export function tallyVote(witness: Witness, { message, server, before, after, recordBefore, reply }: Execution): void {
  const { kind, token, more, sentAt, client, executions, number, store } = message;
  const { timeline, plan, longest } = witness.world;
  const [outcome, left, shown] = Array.isArray(reply) ? reply : [reply];
  const own = before?.value === token;
  if (executions > 1) witness.count("message: executed again");
  const { latest } = client;
  if (executions === 1 && number < (latest[store] ?? 0)) witness.count("message: overtaken by a later one");
  latest[store] = Math.max(number, latest[store] ?? 0);
  if (timeline.now - sentAt > client.plan.commandTimeout) witness.count("message: executed after its sender gave up");
  const mark = recordBefore?.charAt(recordBefore.indexOf(token.slice(0, 23)) - 1) ?? "";
  let detail = "";
  if (kind === "vote" && outcome === "granted") {
    detail = own ? ", replayed" : more[1] === "" ? ", no fence" : "";
    if (server.uptime() * 1000 < (plan.quorum?.maxTtl ?? longest)) witness.count("vote: granted by a young server");
  }
  if (kind === "vote" && outcome === "busy")
    detail = before?.value[0] === "." ? ", kept" : (left as number) >= 0 ? ", timed" : "";
  if (kind === "give" && outcome === "freed")
    detail = before?.value === `.${token}` ? ", already kept" : more[0] === "0" ? "" : ", and kept";
  if (kind === "give" && outcome === "gone") detail = more[1] === "" ? ", no record" : "";
  if (kind === "force" && outcome === "granted") detail = own ? ", replayed" : "";
  if (kind === "raise" && outcome === "held") detail = Number(shown) > Number(more[2]) ? ", it knows a larger one" : "";
  if (kind === "repair" && outcome === "held") detail = own ? ", it was there" : more[1] === "" ? ", no fence" : "";
  if (kind === "repair" && outcome === "gone")
    detail = after ? ", taken" : mark === "," || mark === "!" ? ", spent" : ", late";
  witness.count(`${kind}: ${outcome}${detail}`);
}

export const QUORUM_FAULTS: readonly string[] = [
  ...MESSAGE_FAULTS,
  ...ALLOWED,
  ...BREAKING,
  ...QUORUM_ALLOWED,
  "late timers",
  "clocks apart",
  "clock that stands still",
  "server that was just started",
  "server that does not tell its uptime",
].map((kind) => `fault: ${kind}`);

const ONE_SERVER =
  /^(set|acquire|delete-if|query): |^(extend|verify): (held|gone|forced|busy)$|^release: (freed|gone|forced|unrecorded)/;

export const QUORUM_BRANCHES: readonly string[] = [
  "vote: granted",
  "vote: granted, no fence",
  "vote: granted, replayed",
  "vote: granted by a young server",
  "vote: busy",
  "vote: busy, timed",
  "vote: busy, kept",
  "vote: spent",
  "raise: held",
  "raise: held, it knows a larger one",
  "raise: gone",
  "keep: held",
  "keep: gone",
  "keep: forced",
  "keep: busy",
  "ask: held",
  "ask: gone",
  "ask: forced",
  "ask: busy",
  "repair: held",
  "repair: held, no fence",
  "repair: held, it was there",
  "repair: gone, taken",
  "repair: gone, late",
  "repair: gone, spent",
  "repair: a server has the lock again",
  "give: freed",
  "give: freed, and kept",
  "give: freed, already kept",
  "give: gone",
  "give: gone, no record",
  "give: forced",
  "give: unrecorded",
  "look: held",
  "look: free",
  "quorum: granted by all",
  "quorum: granted by a part",
  "quorum: granted by a bare majority",
  "call: a partial grant was given back",
  ...BRANCHES.filter((name) => !ONE_SERVER.test(name) && !name.startsWith("call: a grant with nothing left")),
];

/** What two servers cannot show: a majority of them is both. */
export const NEEDS_A_MINORITY: RegExp = /^repair: |: granted by a part$|it knows a larger one$/;

export const QUORUM_SEEN: readonly string[] = [
  "exclusion fails: force",
  "exclusion fails: delete",
  "exclusion fails: a shared lease",
  "exclusion fails: a clock that stands still, without verify()",
  ...BREAKING.map((kind) => `exclusion fails: ${kind}`),
  "fence went back: servers lost the record and their clocks are behind",
  "late copy: an acquire without a fence holds the name, idle",
  "late copy: its token was forgotten, it holds the name, idle",
  "more servers away than tolerated: no lock",
  "resource without fences: accepted a stale write",
  "resource without fences: lost an update",
  "resource with fences: refused a stale request",
];
