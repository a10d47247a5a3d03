import type { Holding, TokenFacts } from "./facts.ts";
import type { Witness } from "./witness.ts";

/** How late a timer may be, as it is promised. */
const promised = (ttl: number) => Math.min(ttl / 10, 25);

/**
 * Whether the program that has this lease would be told that it is held. Read without touching the lease: asking it
 * would make it notice its own end.
 */
export function believes({ ended, client, lease }: Holding): boolean {
  const { clock } = client;
  if (ended || clock.dead || clock.paused) return false;
  if (!clock.stale) clock.look();
  return lease.expiresAt > clock.now();
}

/** Two who believe that they hold the same name, now. */
export function checkBeliefs(witness: Witness): void {
  const believing = [...witness.holdings].filter(believes);
  for (const [at, one] of believing.entries()) {
    for (const other of believing.slice(at + 1)) {
      if (one.token.lock === other.token.lock && one.token !== other.token) overlap(witness, one, other);
    }
  }
}

function overlap(witness: Witness, one: Holding, other: Holding): void {
  const evicted = one.token.evicted ?? other.token.evicted;
  const stale = one.client.clock.stale || other.client.clock.stale;
  const text = `${one.token.label} and ${other.token.label} both hold ${one.token.lock}`;
  if (evicted) witness.count(`exclusion fails: ${evicted}`);
  else if (stale) witness.count("exclusion fails: a clock that stands still, without verify()");
  else if (witness.world.plan.regime === "kept") witness.fail(1, text);
  else witness.count(`exclusion fails: ${witness.world.broken.join(" and ")}`);
  witness.world.history.add(() => `two holders: ${text}`);
}

/** A server gave the name to this token: nobody else may still believe, and whoever held it has been told. */
export function checkGrant(witness: Witness, fresh: TokenFacts, byForce: boolean): void {
  const { timeline, plan } = witness.world;
  if (plan.regime !== "kept" || byForce) return;
  for (const holding of witness.holdings) {
    const { token, client, ttl } = holding;
    if (token.lock !== fresh.lock || token === fresh || token.evicted) continue;
    if (believes(holding) && !client.clock.stale) {
      witness.fail(1, `${fresh.label} is granted while ${token.label} believes that it holds ${token.lock}`);
    }
    const inTime = client.clock.lateness <= promised(ttl) && holding.suspensions === client.suspensions;
    const awake = !client.dead && !client.clock.paused;
    if (!holding.ended && holding.wasHeld && inTime && awake) {
      witness.fail(2, `${fresh.label} is granted while the signal of ${token.label} is quiet`);
    }
    const keptUntil = (token.grantedAt ?? 0) + token.minHold * 0.985 - 3;
    if (token.grantedAt !== undefined && timeline.now < keptUntil) {
      witness.fail(5, `${fresh.label} is granted within the minHold of ${token.label}`);
    }
  }
}
