import type { Lease, LockEvent } from "../../src/index.ts";
import { JOIN } from "../../src/queue-scripts.ts";
import { VOTE } from "../../src/quorum-scripts.ts";
import { ACQUIRE } from "../../src/scripts.ts";
import { checkBeliefs, checkGrant } from "./check-beliefs.ts";
import { checkFences } from "./check-fences.ts";
import { checkKeys, checkLateCopies } from "./check-keys.ts";
import { Lines, newHolder } from "./check-line.ts";
import type { Client } from "./client.ts";
import { labelOf } from "./command.ts";
import { tallyExecution } from "./coverage.ts";
import { Election } from "./election.ts";
import type { Holding, TokenFacts } from "./facts.ts";
import { newToken } from "./facts.ts";
import type { Violation } from "./invariants.ts";
import type { Execution, Message } from "./network.ts";
import type { World } from "./world.ts";

/** Sees everything that happens, on the servers, on the lines and in the clients, and holds it to the invariants. */
export class Witness {
  readonly world: World;
  readonly violations: Violation[] = [];
  readonly tally: Map<string, number> = new Map();
  readonly holdings: Set<Holding> = new Set();
  readonly tokens: Map<string, TokenFacts> = new Map();
  /** The last fence of each name, and how many entries its record was given. */
  readonly fences: Map<string, number> = new Map();
  readonly entries: Map<string, number> = new Map();
  /** Which token was given which fence of a name, and names of which one was given to two, after fences went back. */
  readonly minted: Map<string, string> = new Map();
  readonly givenTwice: Set<string> = new Set();
  /** By label: requests of a wait to each server, and whether Redis said that another holds the lock. */
  readonly asks: Map<string, number> = new Map();
  readonly busy: Set<string> = new Set();
  readonly #askedAt = new Map<string, number>();

  /** Judges what several servers do. */
  readonly election: Election | undefined;

  /** Judges waiting lines. */
  readonly lines: Lines = new Lines(this);

  constructor(world: World) {
    this.world = world;
    this.election = world.plan.servers.length > 1 ? new Election(this) : undefined;
  }

  count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  fail(invariant: number, text: string): void {
    const at = Math.round(this.world.timeline.now * 100) / 100;
    this.violations.push({ invariant, at, text });
    this.world.history.add(() => `!!! invariant ${invariant}: ${text}`);
  }

  /** For what has to hold only while nothing that the guarantees assume is broken. */
  failIfKept(invariant: number, text: string): void {
    if (this.world.plan.regime === "kept") this.fail(invariant, text);
  }

  factsOf(token: string, client: Client, lock: string): TokenFacts {
    const id = token.slice(0, 23);
    let facts = this.tokens.get(id);
    if (!facts) {
      facts = newToken(token, client, lock);
      this.tokens.set(id, facts);
    }
    return facts;
  }

  /** The core is about to send a request, which the adapter may send as two. */
  asked(client: Client, store: number, token: string, script?: string): void {
    if (script !== undefined && script !== ACQUIRE && script !== VOTE && script !== JOIN) return;
    const label = labelOf(token);
    const line = `${label} ${store}`;
    this.asks.set(line, (this.asks.get(line) ?? 0) + 1);
    this.checkSleep(client, label);
    // Who waits in line with others lets them ask.
    if (!client.plan.shares && script !== JOIN) this.#askedAt.set(label, client.clock.running());
  }

  /** Invariant 8: between two requests a waiter sleeps no longer than one pause between attempts. */
  checkSleep({ clock, plan }: Client, label: string): void {
    const last = this.#askedAt.get(label);
    if (last === undefined) return;
    const slept = clock.running() - last;
    // The plain SET and the script after it are limited one by one; who split the votes of a quorum waits for two trips more.
    const commands = this.election ? 3 : 2;
    const longest = commands * plan.commandTimeout + Math.max(plan.retry.min, plan.retry.max) + 3 * clock.lateness + 15;
    if (slept > longest * 1.001) this.fail(8, `${label} did not ask for ${slept.toFixed(1)} ms while it waited`);
  }

  sent(message: Message): void {
    if (!/^t[\w-]{22}/.test(message.token)) return;
    const facts = this.factsOf(message.token, message.client, message.lock);
    this.election?.crowd.sent(message, facts);
    if (message.kind === "give") this.election?.given(message, facts);
    // Of several servers one may be asked late, when the others were found free.
    if (message.kind === "force" && this.election) facts.byForce = true;
    if (["release", "delete-if", "give", "pass", "hand"].includes(message.kind)) facts.releaseSent = true;
    if (message.kind === "pass") this.lines.givenBack(facts);
  }

  executed(execution: Execution): void {
    if (this.election) {
      this.election.executed(execution);
      return;
    }
    tallyExecution(this, execution);
    const { message, before, after, reply } = execution;
    const { kind, token, lock, client } = message;
    if (kind === "query" && Array.isArray(reply) && reply[0] === "free") this.foundFree(client, lock);
    if (!/^t[\w-]{22}/.test(token)) return;
    const facts = this.factsOf(token, client, lock);
    facts.denied ||= message.denied;
    if (Array.isArray(reply) && reply[0] === "busy" && kind === "acquire") this.busy.add(labelOf(token));
    if (kind === "join" && Array.isArray(reply) && /^(busy|next|waiting)$/.test(`${reply[0]}`))
      this.busy.add(labelOf(token));
    checkKeys(this, execution, facts);
    if (kind === "force" && before && after && after.value !== before.value) this.evict(before.value, "force");
    const gives = ["release", "delete-if", "pass", "hand"].includes(kind);
    if (gives && before?.value === token && facts.shared) facts.evicted ??= "a shared lease";
    const given = newHolder(before?.value, after?.value);
    const holder = given?.replace("?", "");
    const granted = holder === token;
    // A release, and who stands in line, may grant it to another.
    const other = kind === "hand" ? (message.more[2] as string) : holder !== undefined && !granted ? holder : undefined;
    const receiver = other === undefined ? facts : this.factsOf(other, client, lock);
    if (given) checkLateCopies(this, execution, receiver);
    checkFences(this, execution, receiver, given !== undefined);
    if (given) {
      if (granted) facts.byCopy = message.executions > 1;
      facts.byForce ||= kind === "force";
      if (!receiver.leased) receiver.grantedAt = this.world.timeline.now;
      checkGrant(this, receiver, kind === "force");
    }
    this.#note(execution, facts, given === undefined ? undefined : receiver);
    this.lines.executed(execution, facts);
  }

  #note({ message, server, reply, recordBefore }: Execution, facts: TokenFacts, receiver?: TokenFacts): void {
    const { kind, lock, more } = message;
    const granted = receiver !== undefined;
    const outcome = Array.isArray(reply) ? reply[0] : reply;
    const wrote =
      kind === "force"
        ? granted && 2
        : kind === "acquire"
          ? granted && more[1] !== ""
          : granted || outcome === "unrecorded" || outcome === "gone";
    if (wrote) this.entries.set(lock, (this.entries.get(lock) ?? 0) + Number(wrote));
    const now = this.entries.get(lock) ?? 0;
    if (wrote && receiver) receiver.recordedAt = now;
    facts.spent ||= outcome === "spent";
    if (!["release", "delete-if", "pass", "hand"].includes(kind)) return;
    if (kind !== "delete-if" || outcome === 1) {
      // A release leaves the entry of a grant where it is.
      facts.releasedAt ??= recordBefore?.includes(facts.id) ? (facts.recordedAt ?? now) : now;
      facts.lossesThen = server.losses;
    }
  }

  /** Who forces a lock and then finds the name free has nothing to give back. */
  foundFree(client: Client, lock: string): void {
    for (const facts of this.tokens.values())
      if (facts.byForce && facts.client === client && facts.lock === lock) facts.foundFree = true;
  }

  /** Somebody took the key from this value's token: its holder will only learn of it. */
  evict(value: string, how: string): void {
    const facts = this.tokens.get(value.replace(/^[.?]/, "").slice(0, 23));
    if (facts) facts.evicted ??= how;
  }

  delivered(message: Message, value: unknown): void {
    const { kind, client, token } = message;
    this.election?.crowd.delivered(message, this.world.timeline.now);
    if (kind === "acquire" || kind === "set" || kind === "join") this.#deliveredGrant(message, value);
    if ((kind !== "extend" && kind !== "verify") || !Array.isArray(value) || value[0] === "held") return;
    const { timeline, plan } = this.world;
    if (plan.messages.length || plan.mishaps.length) return;
    // On a quiet line no answer to a renewal is late, so each has to be heeded.
    // A script that the server has forgotten is sent a second time, under the same limit.
    const took = timeline.now - message.sentAt + (message.command[0] === "EVAL" ? 2 * plan.trip : 0);
    for (const holding of this.holdings) {
      if (holding.client !== client || holding.token.id !== token.slice(0, 23)) continue;
      if (took > Math.min(client.plan.commandTimeout, holding.ttl / 3) / 1.01 - 1) continue;
      timeline.after(0, () => {
        if (!holding.ended && holding.wasHeld)
          this.fail(2, `${holding.token.label} goes on after the answer ${value[0]}`);
      });
    }
  }

  /** A grant that came too late to be of use has to be given back. */
  #deliveredGrant({ token }: Message, value: unknown): void {
    if (value !== "OK" && !(Array.isArray(value) && value[0] === "granted")) return;
    const facts = this.tokens.get(token.slice(0, 23));
    if (!facts || facts.leased || facts.releaseSent) return;
    this.world.timeline.after(0, () => {
      if (!facts.leased && facts.releaseSent) this.count("call: a grant with nothing left was given back");
    });
  }

  heard(client: Client, { type, owner, reason, during }: LockEvent): void {
    this.count(`event: ${type}${during ? ` during ${during}` : ""}`);
    this.world.history.add(() => `c${client.id} hears ${type} ${owner} ${reason ?? during ?? ""}`);
    if (type !== "lost") return;
    this.count(`lost: ${reason}`);
    for (const holding of this.holdings) {
      if (holding.client === client && holding.token.label === owner) holding.ended ??= "lost";
    }
  }

  /** A program has a lease in hands from now on. */
  hold(
    client: Client,
    lease: Lease,
    { ttl, minHold, fence }: { ttl: number; minHold: number; fence: boolean },
  ): Holding {
    const lock = `lock:${lease.name}`;
    const token = this.factsOf(lease.token, client, lock);
    this.election?.leased(token, lease);
    // Who waits in line is granted with one, and shown none where it wants none.
    const shown = fence && token.fence ? `${lease.fence}` : "";
    const holding: Holding = {
      lease,
      client,
      token,
      ttl,
      fence: token.fences.has(shown) || !fence ? shown : token.fence,
      suspensions: client.suspensions,
      ended: undefined,
      wasHeld: false,
      wasOver: false,
    };
    if (!token.leased) this.lines.leased(token);
    token.leased = true;
    token.minHold = Math.max(token.minHold, minHold);
    this.holdings.add(holding);
    return holding;
  }

  /** Looks at `held` as a program does. */
  look(holding: Holding): boolean {
    const { lease, token } = holding;
    const { held } = lease;
    if (held && holding.wasOver) this.fail(6, `${token.label} is held again after it was over`);
    holding.wasHeld ||= held;
    holding.wasOver ||= holding.wasHeld && !held;
    if (held && holding.fence && `${lease.fence}` !== holding.fence) {
      this.fail(3, `${token.label} shows another fence than it was granted`);
    }
    return held;
  }

  beliefs(): void {
    checkBeliefs(this);
  }
}
