import type { Lease } from "../../src/index.ts";
import { checkGrant } from "./check-beliefs.ts";
import { checkKeys, checkLateCopies } from "./check-keys.ts";
import { labelOf } from "./command.ts";
import { tallyVote } from "./coverage-quorum.ts";
import { Crowd } from "./crowd.ts";
import type { Ballot, TokenFacts } from "./facts.ts";
import { newBallot } from "./facts.ts";
import type { Execution, Message } from "./network.ts";
import type { Server } from "./server.ts";
import type { Witness } from "./witness.ts";

/** A lease that was given out, with its fence. */
interface Given {
  facts: TokenFacts;
  fence: number;
}

/** How many later entries push a token out of a record: one less where the last grant was released, and so is no first entry. */
const REMEMBERED = 6;

const counterOf = (record = "") => Number.parseInt(record, 10) || 0;

/** Holds what several servers do to the invariants, for one server each or for a majority of them. */
export class Election {
  readonly #witness: Witness;
  readonly crowd: Crowd = new Crowd();
  /** By server and name: the last fence, and how many entries its record was given. */
  readonly #counters = new Map<string, number>();
  readonly #entries = new Map<string, number>();
  /** By name: the leases that were given out. */
  readonly #given = new Map<string, Given[]>();

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  #ballot({ ballots }: TokenFacts, store: number): Ballot {
    ballots[store] ??= newBallot();
    return ballots[store];
  }

  executed(execution: Execution): void {
    const witness = this.#witness;
    const { message, before, after, reply, server } = execution;
    const { kind, token, lock, client, store, more } = message;
    tallyVote(witness, execution);
    const outcome = Array.isArray(reply) ? reply[0] : reply;
    if (kind === "look" && outcome === "free") witness.foundFree(client, lock);
    if (!/^t[\w-]{22}/.test(token)) return;
    const facts = witness.factsOf(token, client, lock);
    const ballot = this.#ballot(facts, store);
    const place = `${store} ${lock}`;
    const entries = this.#entries.get(place) ?? 0;
    ballot.denied ||= message.denied;
    ballot.over ||= kind === "vote" && (outcome === "spent" || outcome === "busy");
    if (kind === "vote" && outcome === "busy") witness.busy.add(labelOf(token));
    checkKeys(witness, execution, facts);
    if (kind === "force" && before && after && after.value !== before.value) witness.evict(before.value, "force");
    const granted = after?.value === token && before?.value !== token;
    if (granted) {
      checkLateCopies(witness, execution, facts, ballot, entries, REMEMBERED);
    }
    this.#checkCounter(execution, facts, ballot, granted);
    if (granted) {
      ballot.granted = true;
      ballot.over = false;
      ballot.byCopy = message.executions > 1;
      facts.byForce ||= kind === "force";
      facts.grantedAt ??= witness.world.timeline.now;
      if (kind === "repair") this.#checkRepair(facts, token, server);
      if (kind !== "force" && this.#holdsMajority(facts, token)) checkGrant(witness, facts, false);
    }
    const wrote =
      kind === "force"
        ? granted && 2
        : kind === "vote"
          ? granted && more[1] !== ""
          : kind === "repair" || kind === "raise"
            ? outcome === "held"
            : kind === "give" && (outcome === "unrecorded" || outcome === "gone");
    if (wrote) this.#entries.set(place, entries + Number(wrote));
    const now = this.#entries.get(place) ?? 0;
    if (wrote && kind !== "give") ballot.recordedAt = now;
    if (kind !== "give") return;
    // A release leaves the entry of a grant where it is.
    ballot.releasedAt ??= outcome === "unrecorded" ? now : (ballot.recordedAt ?? now);
    ballot.lossesThen = server.losses;
    if (before?.value === token && facts.shared) facts.evicted ??= "a shared lease";
  }

  /** Whether a majority has this token, without servers that may have forgotten who else holds the lock. */
  #holdsMajority({ lock }: TokenFacts, token: string): boolean {
    const { servers, majority, timeline, longest } = this.#witness.world;
    // The delay after a restart is measured by a clock that may be fast.
    const sure = ({ lostAt }: Server) => timeline.now - lostAt > longest * 0.99;
    return servers.filter((server) => sure(server) && server.peek(lock)?.value === token).length >= majority;
  }

  /** Invariant 3 on one server: its counter goes up with each grant, and is the same in a repeated one. */
  #checkCounter(
    { message, server, reply, recordBefore, clock }: Execution,
    facts: TokenFacts,
    ballot: Ballot,
    granted: boolean,
  ) {
    const witness = this.#witness;
    const { kind, lock, store } = message;
    const place = `${store} ${lock}`;
    const [outcome, , text] = Array.isArray(reply) ? reply : [];
    const voted = (kind === "vote" || kind === "force") && outcome === "granted" && text !== "";
    const raised = (kind === "raise" || kind === "repair") && outcome === "held" && text !== "";
    if (!voted && !raised) return;
    const fence = Number(text);
    const last = this.#counters.get(place) ?? 0;
    const knew = counterOf(recordBefore);
    const forgot = knew < last && (server.losses > 0 || server.jumps > 0);
    if (voted && granted) {
      if (fence <= last) {
        if (forgot && Math.floor(clock) * 1000 <= last)
          witness.count("a server's counter went back: it lost the record");
        else witness.fail(3, `${facts.label} gets fence ${fence} from server ${store} after ${last}`);
      }
      ballot.knew = knew;
    } else if (voted && fence !== ballot.fence && server.losses === ballot.lossesAtFence) {
      witness.fail(3, `${facts.label} is told fence ${fence} by server ${store}, and before that ${ballot.fence}`);
    } else if (raised && fence < last && !forgot) {
      witness.fail(3, `the counter of server ${store} goes from ${last} to ${fence}`);
    }
    ballot.counters.add(fence);
    this.#counters.set(place, fence);
    ballot.fence = fence;
    ballot.lossesAtFence = server.losses;
  }

  /** Invariant 6: a server has a lock again only while a majority of the others has it, or while it is not over. */
  #checkRepair(facts: TokenFacts, token: string, mended: Server): void {
    const witness = this.#witness;
    witness.count("repair: a server has the lock again");
    const { plan, servers, majority } = witness.world;
    const others = servers.filter((server) => server !== mended && server.peek(facts.lock)?.value === token);
    // One that is under way when the lease is released will be released too.
    if (plan.regime !== "kept" || others.length >= majority || facts.releaseSent) return;
    const mine = [...witness.holdings].filter(({ token }) => token === facts);
    if (!mine.length) witness.fail(6, `a repair of ${facts.label}, which nobody was given`);
    const over = mine.every(({ lease, client, ended }) => {
      const { clock } = client;
      if (clock.dead || clock.stale || client.suspensions || ended === "released" || ended === "handed over")
        return false;
      return lease.expiresAt <= clock.now();
    });
    if (mine.length && over) witness.fail(6, `a repair of ${facts.label}, whose time is over`);
  }

  /** What is over by itself when a call ends has not to be given back. */
  callEnds(label: string): void {
    const { tokens, world } = this.#witness;
    for (const facts of tokens.values()) {
      if (facts.label !== label) continue;
      for (const [store, ballot] of facts.ballots.entries())
        if (ballot && world.servers[store]?.peek(facts.lock)?.value.slice(0, 23) !== facts.id) ballot.over = true;
    }
  }

  given({ store }: Message, facts: TokenFacts): void {
    const ballot = this.#ballot(facts, store);
    if (ballot.granted && !facts.leased && !ballot.releaseSent)
      this.#witness.count("call: a partial grant was given back");
    ballot.releaseSent = true;
  }

  /** A call returned a lease, for the first time of this token. */
  leased(facts: TokenFacts, lease: Lease): void {
    const witness = this.#witness;
    const { world } = witness;
    if (facts.leased) return;
    facts.leasedAt = world.timeline.now;
    const { ballots, lock, label } = facts;
    const voters = ballots.filter(({ granted }) => granted).length;
    if (voters < world.majority) witness.fail(10, `${label} has a lease that ${voters} servers granted`);
    witness.count(voters === world.servers.length ? "quorum: granted by all" : "quorum: granted by a part");
    if (voters === world.majority) witness.count("quorum: granted by a bare majority");
    if (!ballots.some(({ fence }) => fence)) return;
    const fence = lease.fence;
    facts.fence = `${fence}`;
    facts.fences.add(facts.fence);
    const earlier = this.#given.get(lock) ?? [];
    for (const one of earlier) this.#compare(one, { facts, fence });
    this.#given.set(lock, [...earlier, { facts, fence }]);
    const agreed = ballots.filter(({ counters }) => counters.has(fence)).length;
    if (agreed < world.majority) witness.fail(3, `${label} is given fence ${fence}, which ${agreed} servers know`);
  }

  /** Invariant 3: fences of leases that are given one after another increase. */
  #compare(one: Given, other: Given): void {
    const witness = this.#witness;
    const { world } = witness;
    if (other.fence > one.fence) return;
    const evicted = one.facts.evicted ?? other.facts.evicted;
    const same = other.fence === one.fence;
    // When one was not over before the other was asked for, no order is promised where exclusion fails.
    const apart = (one.facts.leasedAt ?? 0) < (other.facts.grantedAt ?? 0);
    if (!same && !apart && (evicted || world.plan.regime !== "kept")) return;
    const isAgreed = ({ facts, fence }: Given) =>
      facts.ballots.filter(({ counters }) => counters.has(fence)).length >= world.majority;
    const [agreed, agreedToo] = [isAgreed(one), isAgreed(other)];
    const shared = other.facts.ballots.flatMap((ballot, store) => {
      const before = one.facts.ballots[store];
      const known = before && (agreed ? before.counters.has(one.fence) : before.granted);
      const counted = agreedToo ? ballot.counters.has(other.fence) : ballot.granted;
      return known && counted ? [{ ballot, server: world.servers[store] as Server }] : [];
    });
    const forgot = shared.every(({ ballot, server }) => ballot.knew < one.fence && (server.losses || server.jumps));
    const text = `${other.facts.label} is given fence ${other.fence} after ${one.facts.label} was given ${one.fence}`;
    if (shared.length && forgot) {
      witness.count("fence went back: servers lost the record and their clocks are behind");
      if (same) witness.givenTwice.add(other.facts.lock);
    } else witness.fail(3, text);
  }

  /** Whether enough servers executed a release for it to be true. */
  isReleased({ ballots }: TokenFacts): boolean {
    return ballots.filter(({ releasedAt }) => releasedAt !== undefined).length >= this.#witness.world.majority;
  }

  checkEnd(): void {
    const witness = this.#witness;
    for (const facts of witness.tokens.values()) {
      const { id, client, label, leased, byForce, foundFree, ballots } = facts;
      if (leased || client.dead || (byForce && foundFree)) continue;
      for (const [store, ballot] of ballots.entries()) {
        if (!ballot?.granted || ballot.releaseSent || ballot.over) continue;
        if (ballot.byCopy || ballot.denied)
          witness.count("late copy: of a call that had its answer, it holds the name, idle");
        // After close nothing is sent.
        else if (byForce && client.closed) witness.count("force: answered after close, it holds the name, idle");
        else if (this.crowd.excuses(facts, store))
          witness.count("close: a server was not told of one token too many, which holds the name, idle");
        else
          witness.fail(
            9,
            `server ${store} granted ${label} (${id.slice(0, 5)}…) to a call that did not get it, and nobody gave it back`,
          );
      }
    }
  }
}
