import type { Client } from "./client.ts";
import type { Holding } from "./facts.ts";
import type { Wait } from "./line-facts.ts";
import type { Server } from "./server.ts";
import type { Witness } from "./witness.ts";

/** The calls that wait, and what may be expected of them. */
export class Waits extends Map<string, Wait> {
  readonly witness: Witness;

  constructor(witness: Witness) {
    super();
    this.witness = witness;
  }

  get now(): number {
    return this.witness.world.timeline.now;
  }

  /** Whether the promises that need sound clocks and data are judged. */
  get kept(): boolean {
    return this.witness.world.plan.regime === "kept";
  }

  /** World time of a moment on the server's clock. */
  at(server: Server, moment: number): number {
    return this.now - (server.clock() - moment) / server.rate;
  }

  begin(label: string, client: Client, { lock, fair, ttl }: Pick<Wait, "lock" | "fair" | "ttl">): void {
    this.set(label, { label, client, lock, fair, ttl, asked: undefined, overAt: undefined });
    for (const holding of this.witness.holdings)
      if (holding.client === client && holding.token.lock === lock && isOurs(holding)) this.told(client, lock);
  }

  end(label: string): void {
    const wait = this.get(label);
    if (wait) wait.overAt ??= this.now;
  }

  /** What one of a process was answered all of them know. */
  told(client: Client, lock: string): void {
    if (!client.plan.shares) return;
    for (const wait of this.values())
      if (wait.client === client && wait.lock === lock && wait.overAt === undefined) this.witness.busy.add(wait.label);
  }

  /** Trips, timers, and what they are late. A script that the server has forgotten costs one more. */
  slack({ clock }: Client): number {
    return 8 * this.witness.world.plan.trip + 4 * clock.lateness + 25;
  }

  /** From when on nothing has kept this caller from doing its part; never, where that is not sure. */
  undisturbed({ client, ttl, overAt }: Wait): number {
    const { trip } = this.witness.world.plan;
    const { commandTimeout, retry } = client.plan;
    if (client.dead || client.clock.paused || overAt !== undefined) return Number.POSITIVE_INFINITY;
    // Whose commands are given less time than they take gets no answer.
    if (Math.min(commandTimeout, ttl) < 4 * trip + client.clock.lateness + 2) return Number.POSITIVE_INFINITY;
    const awake = client.clock.pausedUntil + commandTimeout + retry.max + this.slack(client);
    return Math.max(client.unsettledUntil, client.clock.pausedUntil > 0 ? awake : 0);
  }
}

/** Whether the process that took this lease knows that the name is held: also by whom it handed the lease to. */
function isOurs({ ended, lease, client, ttl }: Holding): boolean {
  return !ended || (ended === "handed over" && lease.expiresAt + ttl / 50 + 5 > client.clock.now());
}
