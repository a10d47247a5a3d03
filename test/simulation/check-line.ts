import type { Client } from "./client.ts";
import type { Holding, TokenFacts } from "./facts.ts";
import type { Execution, Message } from "./network.ts";
import type { Server } from "./server.ts";
import type { Witness } from "./witness.ts";

/** A call that waits. */
interface Wait {
  label: string;
  client: Client;
  lock: string;
  fair: boolean;
  ttl: number;
  /** When Redis first said that another holds the lock, by world time. */
  asked: number | undefined;
  overAt: number | undefined;
}

/** A place in line, as the answers of the server say. */
interface Seat {
  facts: TokenFacts;
  wait: Wait | undefined;
  who: string;
  since: number;
  /** For how long a poll keeps it, milliseconds, and when that was sent: an older one may be executed later. */
  life: number;
  sentAt: number;
  /** Whether it has lapsed once: nothing is promised to it any more. */
  lapsed: boolean;
}

/** The lock was handed to somebody who has not said yet that it knows. */
interface Handed {
  seat: Seat | undefined;
  facts: TokenFacts;
  at: number;
}

interface Line {
  /** In the order in which they came. */
  seats: Map<string, Seat>;
  /** By who: when its places lapse, on the server's clock. */
  lapses: Map<string, number>;
  handed: Handed | undefined;
  /** Since when the lock is free. */
  free: number | undefined;
  /** Since when nobody who knows it has the lock, and what held that up: until when, and for how long from then. */
  idle: number | undefined;
  dead: { at: number; life: number } | undefined;
  /** What the key was after the last execution. */
  expires: number | undefined;
  /** When it was last granted, and the longest that one had it since somebody elsewhere waits. */
  grantedAt: number;
  longest: number;
  /** Whether a release has freed it for one who waits elsewhere. */
  standsBack?: number | undefined;
  /** Whose callers know that, and until when. */
  turned: { client: Client; until: number } | undefined;
}

/** How long a remote waiter's mark is not heeded, and how long a process then stands back, milliseconds. */
const HEEDED = 500;
const STANDS_BACK = 1250;

/**
 * Holds waiting lines to their invariants. It keeps a line of its own for each name, from what the server answered, and
 * compares who is granted with that.
 */
export class Lines {
  readonly #witness: Witness;
  readonly #lines = new Map<string, Line>();
  readonly #waits = new Map<string, Wait>();
  #losses = 0;

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  get #now(): number {
    return this.#witness.world.timeline.now;
  }

  /** Whether the promises that need sound clocks and data are judged. */
  get #kept(): boolean {
    return this.#witness.world.plan.regime === "kept";
  }

  #line(lock: string): Line {
    let line = this.#lines.get(lock);
    if (!line) {
      line = {
        seats: new Map(),
        lapses: new Map(),
        handed: undefined,
        free: undefined,
        idle: undefined,
        dead: undefined,
        expires: undefined,
        grantedAt: 0,
        longest: 0,
        turned: undefined,
      };
      this.#lines.set(lock, line);
    }
    return line;
  }

  waitBegins(label: string, client: Client, { lock, fair, ttl }: Pick<Wait, "lock" | "fair" | "ttl">): void {
    this.#waits.set(label, { label, client, lock, fair, ttl, asked: undefined, overAt: undefined });
    const { turned } = this.#line(lock);
    if (turned?.client === client && this.#now < turned.until) this.#told(client, lock);
    for (const holding of this.#witness.holdings)
      if (holding.client === client && holding.token.lock === lock && isOurs(holding)) this.#told(client, lock);
  }

  waitEnds(label: string): void {
    const wait = this.#waits.get(label);
    if (wait) wait.overAt ??= this.#now;
  }

  /** Trips, timers, and what they are late. A script that the server has forgotten costs one more. */
  #slack({ clock }: Client): number {
    return 8 * this.#witness.world.plan.trip + 4 * clock.lateness + 25;
  }

  /** From when on nothing has kept this caller from doing its part; never, where that is not sure. */
  #undisturbed({ client, ttl, overAt }: Wait): number {
    const { trip } = this.#witness.world.plan;
    const { commandTimeout, retry } = client.plan;
    if (client.dead || client.clock.paused || overAt !== undefined) return Number.POSITIVE_INFINITY;
    // Whose commands are given less time than they take gets no answer.
    if (Math.min(commandTimeout, ttl) < 4 * trip + client.clock.lateness + 2) return Number.POSITIVE_INFINITY;
    const awake = client.clock.pausedUntil + commandTimeout + retry.max + this.#slack(client);
    return Math.max(client.unsettledUntil, client.clock.pausedUntil > 0 ? awake : 0);
  }

  /** World time of a moment on the server's clock. */
  #at(server: Server, moment: number): number {
    return this.#now - (server.clock() - moment) / server.rate;
  }

  /** The server forgot, or its clock jumped: nobody's place is sure. */
  #forget(): void {
    this.#lines.clear();
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
    if (line.handed) this.#unknown(line, line.handed, this.#now);
    line.free ??= this.#now;
    line.idle ??= this.#now;
  }

  executed(execution: Execution, facts: TokenFacts): void {
    const { message, server, before, after, reply, clock } = execution;
    const { kind, lock, third } = message;
    const losses = server.losses + server.jumps;
    if (losses !== this.#losses) this.#forget();
    this.#losses = losses;
    const line = this.#line(lock);
    const [outcome] = Array.isArray(reply) ? reply : [];
    const wait = this.#waits.get(facts.label);
    if (kind === "acquire" || kind === "hand") this.#told(message.client, lock);
    if (kind === "hand" && outcome === "freed" && after === undefined) this.#standsBack(line, message);
    if (wait && outcome === "busy" && third?.startsWith("alive")) wait.asked ??= this.#now;

    this.#lapse(line, server, clock);
    this.#expire(line, server, before === undefined);
    const given = newHolder(before?.value, after?.value);
    if (kind === "pass") line.seats.delete(facts.id);
    if (given) this.#grant(line, execution, given);
    if (kind === "join") this.#join(line, execution, facts, wait);
    // After a failover its place may be there again, by the name of the process that had taken it. It is passed over.
    const who = this.#losses ? `"${message.more[2]}` : "";
    if (kind === "pass" && server.peek(third ?? "")?.value.includes(`${who} ${facts.id}`))
      this.#witness.fail(14, `${facts.label} has left the line, and stands in it`);
    const holder = after?.value;
    if (holder === undefined) this.#freed(line);
    else if (line.handed && !holder.startsWith(`?${line.handed.facts.id}`) && !given) this.#known(line, line.handed);
    if (holder?.startsWith(".")) line.idle = line.free = line.handed = undefined;
    line.expires = after?.expires;
    if (third?.startsWith("queue") && (kind === "join" || kind === "pass")) this.#compare(line, server, third);
  }

  /** Nobody who lives and could ask loses a place by lapse. */
  #lapse(line: Line, server: Server, clock: number): void {
    for (const seat of line.seats.values()) {
      const lapse = line.lapses.get(seat.who) ?? 0;
      if (seat.lapsed || lapse > Math.floor(clock)) continue;
      seat.lapsed = true;
      this.#witness.count("place: lapsed");
      if (!this.#kept || !seat.wait) continue;
      const since = this.#at(server, lapse) - this.#undisturbed(seat.wait);
      if (since > (seat.life - 1000) / 2 + this.#slack(seat.wait.client))
        this.#witness.fail(13, `the place of ${seat.facts.label} lapses, which lives`);
    }
  }

  #join(line: Line, { message, reply, clock, before }: Execution, facts: TokenFacts, wait: Wait | undefined): void {
    const { sentAt } = message;
    const [, , who = "", place = "", joined] = message.more;
    const [outcome] = reply as unknown[];
    const seat = line.seats.get(facts.id);
    if (outcome === "spent") {
      if (seat && !seat.lapsed && joined === "1" && before?.value !== `?${message.token}`)
        this.#witness.fail(12, `${facts.label} is told that it has no place, which it kept`);
      line.seats.delete(facts.id);
    }
    if (outcome !== "next" && outcome !== "waiting") return;
    const life = Number(place);
    if (life > longest(message.client)) this.#witness.fail(14, `${facts.label} takes a place for ${life} ms`);
    line.lapses.set(who, Math.max(line.lapses.get(who) ?? 0, Math.floor(clock) + life));
    // A place that only a copy has taken is nobody's.
    facts.byCopy = message.executions > 1 && (facts.byCopy || !seat);
    if (!seat) {
      const lapsed = joined === "1";
      line.seats.set(facts.id, { facts, wait, who, since: this.#now, life, sentAt, lapsed });
    } else if (sentAt >= seat.sentAt) Object.assign(seat, { life, sentAt });
  }

  /** First come, first served. */
  #grant(line: Line, { message, server, clock, after }: Execution, given: string): void {
    const witness = this.#witness;
    const facts = witness.tokens.get(given.replace("?", "").slice(0, 23));
    if (!facts) return;
    const seat = line.seats.get(facts.id);
    // A server that forgot, or whose clock jumped, may know of others than those who are known here.
    if ((message.kind === "join" || message.kind === "pass") && !seat?.lapsed && !this.#losses) {
      for (const earlier of line.seats.values()) {
        if (earlier === seat) break;
        if (earlier.lapsed || (line.lapses.get(earlier.who) ?? 0) <= Math.floor(clock)) continue;
        witness.fail(12, `${facts.label} is granted before ${earlier.facts.label}, which came before it`);
        break;
      }
    }
    line.seats.delete(facts.id);
    if (message.kind !== "hand" && message.kind !== "pass") this.#notFree(line);
    if (message.kind === "acquire" || message.kind === "set") this.#overtakes(line, facts, message.sentAt);
    line.longest = Math.max(line.longest, this.#now - line.grantedAt);
    line.grantedAt = this.#now;
    line.free = undefined;
    if (!given.startsWith("?")) {
      this.#remote(line, facts);
      this.#known(line, { seat, facts, at: this.#now });
      return;
    }
    line.idle ??= this.#now;
    // Who lives and hands on what it was handed, because its wait has ended, had the time until its next poll.
    if (line.handed && !line.handed.facts.client.dead) {
      this.#learnt(line.handed, this.#now);
      line.idle = this.#now;
    }
    line.handed = { seat, facts, at: this.#now };
    const left = (after?.expires ?? 0) - Math.floor(clock);
    const life = longest(facts.client);
    if (this.#kept && left > life) witness.fail(14, `the lock is handed to ${facts.label} for ${left} ms`);
    const { client } = facts;
    if (client.dead) {
      witness.count("line: the lock was handed to one that had crashed");
      const over = this.#at(server, after?.expires ?? 0) - client.diedAt;
      // What it had sent before may come late.
      const late = witness.world.plan.messages.length ? Number.POSITIVE_INFINITY : 3 * witness.world.plan.trip;
      if (this.#kept && over > life * 1.01 + late)
        witness.fail(14, `the lock is handed to ${facts.label} until ${over.toFixed(0)} ms after its end`);
    }
  }

  /** Who was handed the lock lives, and so has learned of it in time. */
  #known(line: Line, { seat, facts, at }: Handed): void {
    const witness = this.#witness;
    const wait = seat?.wait;
    const { idle, dead } = line;
    line.handed = undefined;
    line.idle = line.dead = line.free = undefined;
    if (!this.#kept || !wait || !seat || seat.lapsed) return;
    const sound = this.#undisturbed({ ...wait, overAt: undefined });
    const interval = (seat.life - 1000) / 2;
    const slack = this.#slack(facts.client);
    const took = this.#now - Math.max(at, sound);
    if (took > interval * 1.01 + slack)
      witness.fail(13, `${facts.label} learns after ${took.toFixed(0)} ms that it was handed the lock`);
    const waited = this.#now - Math.max(idle ?? this.#now, seat.since, sound, dead?.at ?? 0);
    if (waited > (interval + (dead?.life ?? 0)) * 1.01 + 2 * slack)
      witness.fail(14, `${facts.label} waits ${waited.toFixed(0)} ms beside a lock that nobody has`);
    if (dead) witness.count("line: went on after one that had crashed");
  }

  /** A call returned a lease of this token. */
  leased({ id, lock, client }: TokenFacts): void {
    this.#told(client, lock);
    const line = this.#lines.get(lock);
    if (line?.handed?.facts.id !== id) return;
    this.#witness.count("call: granted by a message");
    this.#known(line, line.handed);
  }

  /** What one was handed is over, and nobody said that it knew. */
  #unknown(line: Line, { seat, facts, at }: Handed, until: number): void {
    line.handed = undefined;
    const life = longest(facts.client);
    const end = facts.client.dead ? Math.max(facts.client.diedAt, at - life) : at;
    line.dead = { at: Math.max(end, line.dead?.at ?? 0), life: Math.max(life, line.dead?.life ?? 0) };
    this.#witness.count("line: handed, and over before it was known");
    this.#learnt({ seat, facts, at }, until);
  }

  #learnt({ seat, facts, at }: Handed, until: number): void {
    const wait = seat?.wait;
    if (!this.#kept || !wait || !seat) return;
    const took =
      Math.min(until, wait.overAt ?? until) - Math.max(at, this.#undisturbed({ ...wait, overAt: undefined }));
    if (took > (seat.life - 1000) / 2 + this.#slack(wait.client))
      this.#witness.fail(13, `${facts.label} was handed the lock for ${took.toFixed(0)} ms and did not learn of it`);
  }

  #expire(line: Line, server: Server, gone: boolean): void {
    if (!gone || line.expires === undefined) return;
    const at = Math.min(this.#now, this.#at(server, line.expires));
    line.expires = undefined;
    if (line.handed) this.#unknown(line, line.handed, at);
    line.free ??= at;
    line.idle ??= at;
  }

  #freed(line: Line): void {
    if (line.handed) this.#unknown(line, line.handed, this.#now);
    line.free ??= this.#now;
    line.idle ??= this.#now;
  }

  /** Somebody took it: until now nobody who could ask has let it stand free for longer than a pause. */
  #notFree(line: Line): void {
    const { free } = line;
    if (free === undefined || !this.#kept) return;
    for (const wait of this.#waits.values()) {
      if (wait.overAt !== undefined || this.#lines.get(wait.lock) !== line) continue;
      const { client } = wait;
      const seat = [...line.seats.values()].find((each) => each.wait === wait && !each.lapsed);
      // Who waits in a line of its own process is there as soon as one of it has asked.
      const since = wait.fair ? seat?.since : wait.asked;
      if (since === undefined || (!wait.fair && !client.plan.shares)) continue;
      const { retry } = client.plan;
      const pause = seat ? (seat.life - 1000) / 2 : Math.max(retry.min, retry.max, STANDS_BACK);
      const stood = this.#now - Math.max(free, since, this.#undisturbed(wait));
      if (stood > pause * 1.01 + this.#slack(client))
        this.#witness.fail(13, `the lock stands free for ${stood.toFixed(0)} ms beside ${wait.label}`);
    }
  }

  #standsBack(line: Line, { client, sentAt }: Message): void {
    line.standsBack = sentAt;
    const until = this.#now + STANDS_BACK * 1.01 + client.plan.commandTimeout + this.#slack(client);
    line.turned = { client, until };
  }

  /** What one of a process was answered all of them know. */
  #told(client: Client, lock: string): void {
    if (!client.plan.shares) return;
    for (const wait of this.#waits.values())
      if (wait.client === client && wait.lock === lock && wait.overAt === undefined) this.#witness.busy.add(wait.label);
  }

  /**
   * Who asks when nobody of its process stood in line is faster than who polls elsewhere: that is no hand-over. Nor is what
   * was asked before the hand-over that freed it: on one connection it would have come before that.
   */
  #overtakes(line: Line, { client, lock }: TokenFacts, sentAt: number): void {
    if (line.standsBack === undefined || sentAt < line.standsBack)
      for (const wait of this.#waits.values())
        if (wait.lock === lock && wait.client !== client && wait.asked !== undefined) wait.asked = this.#now;
    line.standsBack = undefined;
  }

  /** One caller elsewhere has its turn, however busy a process is. */
  #remote(line: Line, facts: TokenFacts): void {
    const witness = this.#witness;
    const { plan, clients } = witness.world;
    if (plan.contended !== "busy") return;
    const wait = this.#waits.get(facts.label);
    const [busy] = clients as [Client];
    if (!wait || facts.client === busy) return;
    if (wait.asked !== undefined) {
      const elsewhere = [...this.#waits.values()].some((each) => each.client === busy && each.overAt === undefined);
      if (elsewhere) witness.count("remote: had its turn beside a busy process");
      const sound = Math.max(this.#undisturbed(wait), busy.unsettledUntil, busy.clock.pausedUntil);
      const waited = this.#now - Math.max(wait.asked, sound);
      const pause = Math.max(wait.client.plan.retry.max, 1000);
      const most = HEEDED + line.longest + pause + this.#slack(wait.client) + this.#slack(busy);
      if (this.#kept && waited > most * 1.01)
        witness.fail(
          15,
          `${facts.label} waited ${waited.toFixed(0)} ms beside a busy process, at most ${most.toFixed(0)}`,
        );
    }
    line.longest = 0;
  }

  /** A token goes back though its call goes on: a grant was wasted, unless something held it up. */
  givenBack(facts: TokenFacts): void {
    const line = this.#lines.get(facts.lock);
    const wait = this.#waits.get(facts.label);
    const handed = line?.handed;
    if (!this.#kept || !wait || handed?.facts !== facts || facts.leased) return;
    const left = wait.ttl * 0.99 - 2 - Math.min(wait.ttl / 10, 25);
    const { timeline } = this.#witness.world;
    const sound = this.#undisturbed(wait) < this.#now && left > this.#slack(wait.client);
    timeline.after(0, () => {
      if (sound && wait.overAt === undefined)
        this.#witness.fail(13, `${facts.label} gives back what it was handed, and goes on waiting`);
    });
  }

  /** What the server has in line is what it said. */
  #compare(line: Line, server: Server, key: string): void {
    const members = server.peek(key)?.value ?? "[]";
    for (const { lapsed, facts, who } of line.seats.values()) {
      if (lapsed || members.includes(`${who} ${facts.id}`)) continue;
      this.#witness.fail(12, `the place of ${facts.label} is gone, which it kept`);
      line.seats.delete(facts.id);
      return;
    }
  }
}

/** Whether the process that took this lease knows that the name is held: also by whom it handed the lease to. */
function isOurs({ ended, lease, client, ttl }: Holding): boolean {
  return !ended || (ended === "handed over" && lease.expiresAt + ttl / 50 + 5 > client.clock.now());
}

/** How long a place lasts without a poll, milliseconds. */
const longest = ({ plan }: Client): number => (plan.listens ? 3000 : 11_000);

/** The value of whoever has just been given the key, as it stands there. */
export function newHolder(before: string | undefined, after: string | undefined): string | undefined {
  if (after === undefined || after === before || after.startsWith(".")) return undefined;
  return before === `?${after}` ? undefined : after;
}
