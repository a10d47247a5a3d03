import type { SerializedLease } from "../../src/index.ts";
import type { Call } from "./call.ts";
import { Channels } from "./channels.ts";
import { Client } from "./client.ts";
import { History } from "./history.ts";
import { Network } from "./network.ts";
import type { Plan } from "./plan.ts";
import { randomOf } from "./random.ts";
import { Resource } from "./resource.ts";
import { Server } from "./server.ts";
import { Timeline } from "./timeline.ts";
import { Witness } from "./witness.ts";

/** Everything there is in one simulated history. */
export class World {
  readonly plan: Plan;
  readonly timeline: Timeline = new Timeline();
  readonly history: History;
  readonly witness: Witness;
  readonly servers: Server[];
  readonly network: Network;
  readonly channels: Channels;
  readonly clients: Client[];
  readonly calls: Set<Call> = new Set();
  readonly handedOver: { serialized: SerializedLease; fenced: boolean }[] = [];
  /** Which token wrote with which fence. */
  readonly fenceOwners: Map<string, string> = new Map();
  /** Which of the assumptions this plan breaks. */
  readonly broken: readonly string[];
  /** The longest ttl of this world. */
  readonly longest: number;
  /** Where there are several servers: how many have to agree. */
  readonly majority: number;
  /** Whether two processes went on with one lease. */
  shared = false;
  readonly #resources = new Map<string, { guarded: Resource; open: Resource }>();
  readonly #trips = new Map<number, () => number>();

  constructor(plan: Plan, recorded: boolean) {
    this.plan = plan;
    this.history = new History(this.timeline, recorded);
    this.broken = brokenIn(plan);
    this.timeline.most *= plan.servers.length;
    this.longest = longestIn(plan);
    this.majority = plan.quorum?.quorum ?? Math.floor(plan.servers.length / 2) + 1;
    const journal = plan.mishaps.some(({ kind }) => kind === "failover");
    this.servers = plan.servers.map((server) => new Server(this.timeline, server, journal));
    this.witness = new Witness(this);
    this.network = new Network(this, plan.messages);
    this.channels = new Channels(this, plan.wakes ?? []);
    this.clients = plan.clients.map((client) => new Client(this, client));
  }

  /** Whether one of several servers lost data: a majority may have been lost with it. */
  get forgets(): boolean {
    return this.servers.length > 1 && this.servers.some(({ losses }) => losses > 0);
  }

  /** Whether fewer than a majority of several servers are up. */
  get away(): boolean {
    if (this.servers.length === 1) return false;
    return this.servers.filter(({ down, hangs, refuses }) => !down && !hangs && !refuses).length < this.majority;
  }

  resourcesOf(name: string): { guarded: Resource; open: Resource } {
    let both = this.#resources.get(name);
    if (!both) {
      both = { guarded: new Resource(true), open: new Resource(false) };
      this.#resources.set(name, both);
    }
    return both;
  }

  /** A request to the resource on its way; now and then it is held up for long. */
  trip(client: Client): Promise<void> {
    let next = this.#trips.get(client.id);
    if (!next) {
      const random = randomOf(this.plan.seed, "resource", client.id);
      next = () => (random.chance(0.15) ? random.between(0, 2 * this.longest) : random.between(0, this.plan.trip));
      this.#trips.set(client.id, next);
    }
    return new Promise((resolve) => this.timeline.after(next(), () => client.clock.whenAwake(resolve)));
  }
}

function brokenIn({ mishaps, clients, quorum }: Plan): string[] {
  const kinds = new Set<string>(mishaps.map(({ kind }) => kind));
  // Servers that tell their uptime wait for maxTtl.
  if (quorum?.maxTtl) kinds.delete("restart-empty");
  if (clients.some(({ clock }) => Math.abs(clock.rate - 1) > 0.005)) kinds.add("drift");
  return ["unseen-pause", "restart-empty", "failover", "server-jump", "drift"].filter((kind) => kinds.has(kind));
}

function longestIn({ clients }: Plan): number {
  let longest = 20;
  for (const { programs } of clients) {
    for (const task of programs.flat()) {
      if ("ttl" in task) longest = Math.max(longest, task.ttl, task.minHold);
      if ("uses" in task)
        for (const use of task.uses) if (use.do === "extend") longest = Math.max(longest, use.ttl ?? 0);
    }
  }
  return longest;
}
