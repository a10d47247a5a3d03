import type { TokenFacts } from "./facts.ts";
import { type Handed, intervalOf, type Line, longest, STANDS_BACK } from "./line-facts.ts";
import type { Execution } from "./network.ts";
import type { Server } from "./server.ts";
import type { Waits } from "./waits.ts";

/** The lock was handed to somebody who has yet to learn of it. */
export function handed(waits: Waits, line: Line, to: Handed, { after, clock, server }: Execution): void {
  const { witness } = waits;
  const { facts } = to;
  line.idle ??= waits.now;
  // Who lives and hands on what it was handed, because its wait has ended, had the time until its next poll.
  if (line.handed && !line.handed.facts.client.dead) {
    checkLearnt(waits, line.handed, waits.now);
    line.idle = waits.now;
  }
  line.handed = to;
  const left = (after?.expires ?? 0) - Math.floor(clock);
  const { client } = facts;
  const life = longest(client);
  if (waits.kept && left > life) witness.fail(14, `the lock is handed to ${facts.label} for ${left} ms`);
  if (!client.dead) return;
  witness.count("line: the lock was handed to one that had crashed");
  const over = waits.at(server, after?.expires ?? 0) - client.diedAt;
  // What it had sent before may come late.
  const late = witness.world.plan.messages.length ? Number.POSITIVE_INFINITY : 3 * witness.world.plan.trip;
  if (waits.kept && over > life * 1.01 + late)
    witness.fail(14, `the lock is handed to ${facts.label} until ${over.toFixed(0)} ms after its end`);
}

/** Who was handed the lock lives, and so has learned of it in time. */
export function known(waits: Waits, line: Line, { seat, facts, at }: Handed): void {
  const { witness } = waits;
  const wait = seat?.wait;
  const { idle, dead } = line;
  line.handed = undefined;
  line.idle = line.dead = line.free = undefined;
  if (!waits.kept || !wait || !seat || seat.lapsed) return;
  const sound = waits.undisturbed({ ...wait, overAt: undefined });
  const interval = intervalOf(seat);
  const slack = waits.slack(facts.client);
  const took = waits.now - Math.max(at, sound);
  if (took > interval * 1.01 + slack)
    witness.fail(13, `${facts.label} learns after ${took.toFixed(0)} ms that it was handed the lock`);
  const waited = waits.now - Math.max(idle ?? waits.now, seat.since, sound, dead?.at ?? 0);
  if (waited > (interval + (dead?.life ?? 0)) * 1.01 + 2 * slack)
    witness.fail(14, `${facts.label} waits ${waited.toFixed(0)} ms beside a lock that nobody has`);
  if (dead) witness.count("line: went on after one that had crashed");
}

/** What one was handed is over, and nobody said that it knew. */
function unknown(waits: Waits, line: Line, was: Handed, until: number): void {
  const { client } = was.facts;
  line.handed = undefined;
  const life = longest(client);
  const end = client.dead ? Math.max(client.diedAt, was.at - life) : was.at;
  line.dead = { at: Math.max(end, line.dead?.at ?? 0), life: Math.max(life, line.dead?.life ?? 0) };
  waits.witness.count("line: handed, and over before it was known");
  checkLearnt(waits, was, until);
}

function checkLearnt(waits: Waits, { seat, facts, at }: Handed, until: number): void {
  const wait = seat?.wait;
  if (!waits.kept || !wait || !seat) return;
  const sound = waits.undisturbed({ ...wait, overAt: undefined });
  const took = Math.min(until, wait.overAt ?? until) - Math.max(at, sound);
  if (took > intervalOf(seat) + waits.slack(wait.client))
    waits.witness.fail(13, `${facts.label} was handed the lock for ${took.toFixed(0)} ms and did not learn of it`);
}

/** Nobody has the lock. */
export function freed(waits: Waits, line: Line, at: number): void {
  if (line.handed) unknown(waits, line, line.handed, at);
  line.free ??= at;
  line.idle ??= at;
}

/** The key that was there after the last execution has expired since. */
export function expired(waits: Waits, line: Line, server: Server): void {
  if (line.expires === undefined) return;
  const at = Math.min(waits.now, waits.at(server, line.expires));
  line.expires = undefined;
  freed(waits, line, at);
}

/** Somebody took it: until now nobody who could ask has let it stand free for longer than a pause. */
export function checkFree(waits: Waits, line: Line, lock: string): void {
  const { free } = line;
  if (free === undefined || !waits.kept) return;
  for (const wait of waits.values()) {
    if (wait.overAt !== undefined || wait.lock !== lock) continue;
    const { client } = wait;
    const seat = [...line.seats.values()].find((each) => each.wait === wait && !each.lapsed);
    // Who waits in a line of its own process is there as soon as one of it has asked.
    const since = wait.fair ? seat?.since : wait.asked;
    if (since === undefined || (!wait.fair && !client.plan.shares)) continue;
    const { retry } = client.plan;
    const pause = seat ? intervalOf(seat) : Math.max(retry.min, retry.max, STANDS_BACK);
    const stood = waits.now - Math.max(free, since, waits.undisturbed(wait));
    if (stood > pause * 1.01 + waits.slack(client))
      waits.witness.fail(13, `the lock stands free for ${stood.toFixed(0)} ms beside ${wait.label}`);
  }
}

/** A token goes back though its call goes on: a grant was wasted, unless something held it up. */
export function checkGivenBack(waits: Waits, line: Line | undefined, facts: TokenFacts): void {
  const wait = waits.get(facts.label);
  if (!waits.kept || !wait || line?.handed?.facts !== facts || facts.leased) return;
  const left = wait.ttl * 0.99 - 2 - Math.min(wait.ttl / 10, 25);
  const sound = waits.undisturbed(wait) < waits.now && left > waits.slack(wait.client);
  waits.witness.world.timeline.after(0, () => {
    if (sound && wait.overAt === undefined)
      waits.witness.fail(13, `${facts.label} gives back what it was handed, and goes on waiting`);
  });
}
