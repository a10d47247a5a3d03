import type { World } from "./world.ts";

/** Invariants 8 and 9: when all is over, nobody waits and nothing is left. */
export function checkEnd(world: World): void {
  const { witness, clients, calls, timeline } = world;
  for (const { client, what } of calls) if (!client.dead) witness.fail(8, `${what} never ended`);
  for (const client of clients) {
    if (client.dead) continue;
    if (client.clock.pending) witness.fail(9, `${client.clock.pending} timers of c${client.id} are left`);
    const { channels } = world;
    if (channels.left(client)) witness.fail(9, `${channels.left(client)} subscriptions of c${client.id} are left`);
    if (client.background.size) witness.fail(9, `${client.background.size} clean-ups of c${client.id} are left`);
  }
  for (const holding of witness.holdings) {
    if (!holding.client.dead && holding.lease.held && holding.wasHeld)
      witness.fail(9, `${holding.token.label} is held in the end`);
  }
  if (witness.election) witness.election.checkEnd();
  else checkGivenBack(world);
  // Back jumps of a server's clock lengthen what is there; no key was asked for longer than this.
  const back = world.plan.mishaps.reduce((sum, { by }) => sum + Math.abs(by), 0);
  timeline.now += (world.longest + back) * 1.05 + 1000;
  if (world.plan.contended) {
    // A lock may be kept for one who waits in line and has crashed; the line itself, and a mark, outlive it.
    timeline.now += 11_000;
    left(world, /^(fence|queue|alive)\./);
    timeline.now += 60_000;
  }
  left(world, /^fence\./);
}

function left({ servers, witness }: World, known: RegExp): void {
  for (const server of servers)
    for (const key of server.keys()) if (!known.test(key)) witness.fail(9, `the key ${key} is left`);
}

/** What was granted to a call that did not return it has to be given back. */
function checkGivenBack({ witness }: World): void {
  for (const {
    client,
    label,
    grantedAt,
    leased,
    releaseSent,
    spent,
    denied,
    byCopy,
    foundFree,
    byForce,
  } of witness.tokens.values()) {
    if (grantedAt !== undefined && !leased && !releaseSent && !spent && !foundFree && !client.dead) {
      // What its caller was told was true when it was said, or a client's own retry made it untrue.
      if (byCopy || denied) witness.count("late copy: of a call that had its answer, it holds the name, idle");
      // After close nothing is sent: what was taken by force then is free after the call's ttl.
      else if (byForce && client.closed) witness.count("force: answered after close, it holds the name, idle");
      else witness.fail(9, `${label} was granted to a call that did not get it, and nobody gave it back`);
    }
  }
}
