import type { LostReason } from "../../src/index.ts";
import { call, codeOf } from "./call.ts";
import type { Client } from "./client.ts";
import type { Holding } from "./facts.ts";
import type { Resource } from "./resource.ts";
import type { Witness } from "./witness.ts";
import type { World } from "./world.ts";

/** One program's dealings with one lease. */
export class Session {
  readonly world: World;
  readonly client: Client;
  readonly holding: Holding;
  readonly witness: Witness;
  readonly fenced: boolean;
  readonly maxHold: number;
  readonly began: number;
  /** What goes on beside the program. */
  readonly aside: Promise<unknown>[] = [];
  #waiting = 0;

  constructor(world: World, client: Client, holding: Holding, { fence, maxHold }: { fence: boolean; maxHold: number }) {
    this.world = world;
    this.client = client;
    this.holding = holding;
    this.witness = world.witness;
    this.fenced = fence;
    this.maxHold = maxHold;
    this.began = world.timeline.now;
  }

  look(): boolean {
    return this.witness.look(this.holding);
  }

  /** The limit on one command. */
  get limit(): number {
    return Math.min(this.client.plan.commandTimeout, this.world.longest);
  }

  /** A request of a lease waits for those before it, a renewal among them. */
  queue(): number {
    return (this.#waiting + 1) * (this.limit + 3 + this.client.clock.lateness) + this.world.longest / 3;
  }

  async queued<T>(what: string, work: () => Promise<T>): Promise<T> {
    const limit = this.queue();
    this.#waiting++;
    try {
      return await call(this.world, this.client, what, limit, work);
    } finally {
      this.#waiting--;
    }
  }

  /** How long a release that is called now may take: it is tried until the deadline. */
  releaseLimit(): number {
    const left = this.holding.lease.held ? this.holding.lease.remaining() : 0;
    const wall = this.world.longest;
    return (this.client.plan.wire === "deletes" ? 2 : 1) * (left + this.queue() + this.limit + wall);
  }

  /** A reason needs its cause: a fault is no loss. */
  checkLoss(reason: LostReason): void {
    const { token, ended, client } = this.holding;
    const fail = () => this.witness.failIfKept(10, `${token.label} was lost as ${reason}, without cause`);
    const given = ended === "released" || ended === "handed over";
    const cause = token.evicted || token.shared || given || this.world.forgets;
    if ((reason === "deleted" || reason === "taken") && !cause) fail();
    if (reason === "closed" && !client.closed) fail();
    if (reason === "max-hold" && (this.world.timeline.now - this.began) * client.plan.clock.rate < this.maxHold - 2)
      fail();
  }

  /** Invariant 4. Two processes that share a lease look alike to the resource. */
  checkGuarded(resource: Resource): void {
    const { token, lease } = this.holding;
    const owners = this.world.fenceOwners;
    const key = `${lease.name} ${lease.fence}`;
    const other = owners.get(key);
    owners.set(key, token.id);
    // Where fences went back two tokens can be given the same one: the resource cannot tell them apart.
    if (this.witness.givenTwice.has(token.lock)) return;
    if (other !== undefined && other !== token.id) this.witness.fail(4, `two tokens wrote with fence ${lease.fence}`);
    if (resource.lost && !this.world.shared)
      this.witness.fail(4, `the fenced resource lost an update, by ${token.label}`);
  }

  async release(how: "release" | "dispose"): Promise<void> {
    const { holding, client, world, witness } = this;
    const { lease, token } = holding;
    const limit = this.releaseLimit();
    const ours = holding.ended === undefined;
    holding.ended ??= "released";
    if (how === "dispose")
      return call(world, client, `dispose ${token.label}`, limit, () => lease[Symbol.asyncDispose]());
    await call(world, client, `release ${token.label}`, limit, async () => {
      try {
        const [first, second] = await Promise.all([lease.release(), lease.release()]);
        witness.count(`release: ${first}`);
        if (first !== second) witness.fail(10, `release of ${token.label} answers ${first}, then ${second}`);
        const executed = witness.election?.isReleased(token) ?? token.releasedAt !== undefined;
        if (first && !executed) witness.fail(10, `release of ${token.label} is true, and none was executed`);
        if (first && !ours && !token.shared && holding.ended === "handed over")
          witness.fail(10, `${token.label} is released after it was handed over`);
      } catch (thrown) {
        witness.count(`release: ${codeOf(world, `release ${token.label}`, thrown, "BACKEND CLOSED")}`);
      }
    });
    if (lease.held) witness.fail(6, `${token.label} is held after its release`);
  }
}
