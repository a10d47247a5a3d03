import type { TokenFacts } from "./facts.ts";
import { intervalOf, type Line, longest } from "./line-facts.ts";
import type { Execution } from "./network.ts";
import type { Server } from "./server.ts";
import type { Waits } from "./waits.ts";

/** Nobody who lives and could ask loses a place by lapse. */
export function checkLapses(waits: Waits, line: Line, server: Server, clock: number): void {
  for (const seat of line.seats.values()) {
    const lapse = line.lapses.get(seat.who) ?? 0;
    if (seat.lapsed || lapse > Math.floor(clock)) continue;
    seat.lapsed = true;
    waits.witness.count("place: lapsed");
    if (!waits.kept || !seat.wait) continue;
    const since = waits.at(server, lapse) - waits.undisturbed(seat.wait);
    if (since > intervalOf(seat) + waits.slack(seat.wait.client))
      waits.witness.fail(13, `the place of ${seat.facts.label} lapses, which lives`);
  }
}

/** Keeps the place that the answer says, for as long as its poll asks for. */
export function checkJoin(waits: Waits, line: Line, execution: Execution, facts: TokenFacts): void {
  const { message, reply, clock, before } = execution;
  const { sentAt } = message;
  const [, , who = "", place = "", joined] = message.more;
  const [outcome] = reply as unknown[];
  const seat = line.seats.get(facts.id);
  if (outcome === "spent") {
    if (seat && !seat.lapsed && joined === "1" && before?.value !== `?${message.token}`)
      waits.witness.fail(12, `${facts.label} is told that it has no place, which it kept`);
    line.seats.delete(facts.id);
  }
  if (outcome !== "next" && outcome !== "waiting") return;
  const life = Number(place);
  if (life > longest(message.client)) waits.witness.fail(14, `${facts.label} takes a place for ${life} ms`);
  line.lapses.set(who, Math.max(line.lapses.get(who) ?? 0, Math.floor(clock) + life));
  // A place that only a copy has taken is nobody's.
  facts.byCopy = message.executions > 1 && (facts.byCopy || !seat);
  if (!seat) {
    const lapsed = joined === "1";
    const wait = waits.get(facts.label);
    line.seats.set(facts.id, { facts, wait, who, since: waits.now, life, sentAt, lapsed });
  } else if (sentAt >= seat.sentAt) Object.assign(seat, { life, sentAt });
}

/** First come, first served. */
export function checkOrder({ witness }: Waits, line: Line, facts: TokenFacts, clock: number): void {
  const seat = line.seats.get(facts.id);
  if (seat?.lapsed) return;
  for (const earlier of line.seats.values()) {
    if (earlier === seat) return;
    if (earlier.lapsed || (line.lapses.get(earlier.who) ?? 0) <= Math.floor(clock)) continue;
    witness.fail(12, `${facts.label} is granted before ${earlier.facts.label}, which came before it`);
    return;
  }
}

/** What the server has in line is what it said. */
export function checkMembers({ witness }: Waits, line: Line, server: Server, key: string): void {
  const members = server.peek(key)?.value ?? "[]";
  for (const { lapsed, facts, who } of line.seats.values()) {
    if (lapsed || members.includes(`${who} ${facts.id}`)) continue;
    witness.fail(12, `the place of ${facts.label} is gone, which it kept`);
    line.seats.delete(facts.id);
    return;
  }
}
