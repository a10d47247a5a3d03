import type { Client } from "./client.ts";
import type { TokenFacts } from "./facts.ts";
import { type Line, STANDS_BACK } from "./line-facts.ts";
import type { Message } from "./network.ts";
import type { Waits } from "./waits.ts";

/** How long a remote waiter's mark is not heeded, milliseconds. */
const HEEDED = 500;

/** A process has freed the lock for one who waits elsewhere. */
export function standBack(waits: Waits, line: Line, { client, sentAt }: Message): void {
  line.standsBack = sentAt;
  const until = waits.now + STANDS_BACK * 1.01 + client.plan.commandTimeout + waits.slack(client);
  line.turned = { client, until };
}

/**
 * Who asks when nobody of its process stood in line is faster than who polls elsewhere: that is no hand-over. Nor is what
 * was asked before the hand-over that freed it: on one connection it would have come before that.
 */
export function overtake(waits: Waits, line: Line, { client, lock }: TokenFacts, sentAt: number): void {
  if (line.standsBack === undefined || sentAt < line.standsBack)
    for (const wait of waits.values())
      if (wait.lock === lock && wait.client !== client && wait.asked !== undefined) wait.asked = waits.now;
  line.standsBack = undefined;
}

/** One caller elsewhere has its turn, however busy a process is. */
export function checkTurn(waits: Waits, line: Line, facts: TokenFacts): void {
  const { witness } = waits;
  const { plan, clients } = witness.world;
  if (plan.contended !== "busy") return;
  const wait = waits.get(facts.label);
  const [busy] = clients as [Client];
  if (!wait || facts.client === busy) return;
  if (wait.asked !== undefined) {
    const elsewhere = [...waits.values()].some((each) => each.client === busy && each.overAt === undefined);
    if (elsewhere) witness.count("remote: had its turn beside a busy process");
    const sound = Math.max(waits.undisturbed(wait), busy.unsettledUntil, busy.clock.pausedUntil);
    const waited = waits.now - Math.max(wait.asked, sound);
    const pause = Math.max(wait.client.plan.retry.max, 1000);
    const most = HEEDED + line.longest + pause + waits.slack(wait.client) + waits.slack(busy);
    if (waits.kept && waited > most * 1.01)
      witness.fail(
        15,
        `${facts.label} waited ${waited.toFixed(0)} ms beside a busy process, at most ${most.toFixed(0)}`,
      );
  }
  line.longest = 0;
}
