import { checkFree, checkGivenBack, expired, freed, handed, known } from "./check-hand-overs.ts";
import { checkJoin, checkLapses, checkMembers, checkOrder } from "./check-places.ts";
import { checkTurn, overtake, standBack } from "./check-turns.ts";
import type { Client } from "./client.ts";
import type { TokenFacts } from "./facts.ts";
import { type Line, newLine, type Wait } from "./line-facts.ts";
import type { Execution } from "./network.ts";
import { Waits } from "./waits.ts";
import type { Witness } from "./witness.ts";

/**
 * Holds waiting lines to their invariants. It keeps a line of its own for each name, from what the server answered, and
 * compares who is granted with that.
 */
export class Lines {
  readonly #witness: Witness;
  readonly #lines = new Map<string, Line>();
  readonly #waits: Waits;
  #losses = 0;

  constructor(witness: Witness) {
    this.#witness = witness;
    this.#waits = new Waits(witness);
  }

  #line(lock: string): Line {
    const line = this.#lines.get(lock) ?? newLine();
    this.#lines.set(lock, line);
    return line;
  }

  waitBegins(label: string, client: Client, contends: Pick<Wait, "lock" | "fair" | "ttl">): void {
    this.#waits.begin(label, client, contends);
    const { turned } = this.#line(contends.lock);
    if (turned?.client === client && this.#waits.now < turned.until) this.#waits.told(client, contends.lock);
  }

  waitEnds(label: string): void {
    this.#waits.end(label);
  }

  /** Somebody else deleted a key. */
  deleted(key: string): void {
    const [, lock = ""] = /^[^:]+:(.*)$/.exec(key) ?? [];
    if (key.startsWith("queue.")) this.#lines.delete(lock);
    // Whose mark is gone leaves another when it asks next.
    if (key.startsWith("alive."))
      for (const wait of this.#waits.values()) if (wait.lock === lock) wait.asked = undefined;
    const line = this.#lines.get(key);
    if (!line) return;
    line.expires = undefined;
    freed(this.#waits, line, this.#waits.now);
  }

  executed(execution: Execution, facts: TokenFacts): void {
    const waits = this.#waits;
    const { message, server, before, after, reply, clock } = execution;
    const { kind, lock, third } = message;
    const losses = server.losses + server.jumps;
    // The server forgot, or its clock jumped: nobody's place is sure.
    if (losses !== this.#losses) this.#lines.clear();
    this.#losses = losses;
    const line = this.#line(lock);
    const [outcome] = Array.isArray(reply) ? reply : [];
    const wait = waits.get(facts.label);
    if (kind === "acquire" || kind === "hand") waits.told(message.client, lock);
    if (kind === "hand" && outcome === "freed" && after === undefined) standBack(waits, line, message);
    if (wait && outcome === "busy" && third?.startsWith("alive")) wait.asked ??= waits.now;

    checkLapses(waits, line, server, clock);
    if (before === undefined) expired(waits, line, server);
    const given = newHolder(before?.value, after?.value);
    if (kind === "pass") line.seats.delete(facts.id);
    if (given) this.#grant(line, execution, given);
    if (kind === "join") checkJoin(waits, line, execution, facts);
    // After a failover its place may be there again, by the name of the process that had taken it. It is passed over.
    const who = this.#losses ? `"${message.more[2]}` : "";
    if (kind === "pass" && server.peek(third ?? "")?.value.includes(`${who} ${facts.id}`))
      this.#witness.fail(14, `${facts.label} has left the line, and stands in it`);
    const holder = after?.value;
    if (holder === undefined) freed(waits, line, waits.now);
    else if (line.handed && !holder.startsWith(`?${line.handed.facts.id}`) && !given) known(waits, line, line.handed);
    if (holder?.startsWith(".")) line.idle = line.free = line.handed = undefined;
    line.expires = after?.expires;
    if (third?.startsWith("queue") && (kind === "join" || kind === "pass")) checkMembers(waits, line, server, third);
  }

  #grant(line: Line, execution: Execution, given: string): void {
    const waits = this.#waits;
    const { kind, sentAt } = execution.message;
    const facts = this.#witness.tokens.get(given.replace("?", "").slice(0, 23));
    if (!facts) return;
    // A server that forgot, or whose clock jumped, may know of others than those who are known here.
    if ((kind === "join" || kind === "pass") && !this.#losses) checkOrder(waits, line, facts, execution.clock);
    const seat = line.seats.get(facts.id);
    line.seats.delete(facts.id);
    if (kind !== "hand" && kind !== "pass") checkFree(waits, line, facts.lock);
    if (kind === "acquire" || kind === "set") overtake(waits, line, facts, sentAt);
    line.longest = Math.max(line.longest, waits.now - line.grantedAt);
    line.grantedAt = waits.now;
    line.free = undefined;
    const grant = { seat, facts, at: waits.now };
    if (given.startsWith("?")) {
      handed(waits, line, grant, execution);
      return;
    }
    checkTurn(waits, line, facts);
    known(waits, line, grant);
  }

  /** A call returned a lease of this token. */
  leased({ id, lock, client }: TokenFacts): void {
    this.#waits.told(client, lock);
    const line = this.#lines.get(lock);
    if (line?.handed?.facts.id !== id) return;
    this.#witness.count("call: granted by a message");
    known(this.#waits, line, line.handed);
  }

  /** A token goes back. */
  givenBack(facts: TokenFacts): void {
    checkGivenBack(this.#waits, this.#lines.get(facts.lock), facts);
  }
}

/** The value of whoever has just been given the key, as it stands there. */
export function newHolder(before: string | undefined, after: string | undefined): string | undefined {
  if (after === undefined || after === before || after.startsWith(".")) return undefined;
  return before === `?${after}` ? undefined : after;
}
