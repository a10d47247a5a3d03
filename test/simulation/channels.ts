import type { Client } from "./client.ts";
import type { WakeFault } from "./plan.ts";
import { randomOf } from "./random.ts";
import type { Server } from "./server.ts";
import type { World } from "./world.ts";

/** Somebody who listens on a channel. */
interface Subscription {
  client: Client;
  channel: string;
  heard: (message: string) => void;
  /** Whether the server knows of it. */
  open: boolean;
}

/** Redis' messages: each has a delay of its own, so that it overtakes others and replies, and may be lost. */
export class Channels {
  readonly #world: World;
  readonly #faults: ReadonlyMap<string, WakeFault>;
  readonly #subscriptions = new Set<Subscription>();
  readonly #counts = new Map<string, number>();

  constructor(world: World, faults: readonly WakeFault[]) {
    this.#world = world;
    const key = ({ kind, client, message }: WakeFault) => `${kind.split("-")[0]} ${client} ${message}`;
    this.#faults = new Map(faults.map((fault) => [key(fault), fault]));
    for (const server of world.servers) server.publish = (channel, message) => this.#publish(channel, message);
  }

  #number(what: string): number {
    const number = this.#counts.get(what) ?? 0;
    this.#counts.set(what, number + 1);
    return number;
  }

  /** How many a client has that were not ended. */
  left(client: Client): number {
    return [...this.#subscriptions].filter((each) => each.client === client).length;
  }

  listen(client: Client, channel: string, heard: (message: string) => void): Promise<() => void> {
    const { timeline, plan, witness, history } = this.#world;
    const [server] = this.#world.servers as [Server];
    const number = this.#number(`listen ${client.id}`);
    const random = randomOf(plan.seed, "listen", client.id, number);
    const [there, back] = [random.between(0.05, plan.trip), random.between(0.05, plan.trip)];
    const { kind, ms = 0 } = this.#faults.get(`listen ${client.id} ${number}`) ?? {};
    if (kind) witness.count(`fault: ${kind}`);
    history.add(() => `c${client.id} listens on ${channel}${kind ? `, ${kind} ${ms}` : ""}`);
    const mine: Subscription = { client, channel, heard, open: false };
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) =>
        timeline.after(back + (kind === "listen-late" ? ms : 0), () => client.clock.whenAwake(then));
      timeline.after(there, () => {
        if (kind === "listen-fails" || server.down || client.cut(0)) {
          settle(() => reject(new Error("socket closed")));
          return;
        }
        mine.open = true;
        this.#subscriptions.add(mine);
        settle(() => resolve(() => void this.#subscriptions.delete(mine)));
      });
    });
  }

  #publish(channel: string, message: string): number {
    const { timeline, plan, witness, history } = this.#world;
    const subscriptions = [...this.#subscriptions].filter((each) => each.channel === channel);
    if (!subscriptions.length) witness.count("message: nobody listened");
    for (const { client, heard } of subscriptions) {
      const number = this.#number(`wake ${client.id}`);
      const random = randomOf(plan.seed, "wake", client.id, number);
      const { kind, ms = 0 } = this.#faults.get(`wake ${client.id} ${number}`) ?? {};
      if (kind) witness.count(`fault: ${kind}`);
      history.add(
        () => `message to c${client.id}: ${message.slice(0, 5)}…${message.slice(23)}${kind ? `, ${kind} ${ms}` : ""}`,
      );
      if (kind === "wake-lost" || client.cut(0) || timeline.now < client.deafUntil) continue;
      const deliver = (after: number) =>
        timeline.after(after, () =>
          client.clock.whenAwake(() => {
            if (![...this.#subscriptions].some((each) => each.heard === heard)) return;
            witness.count("message: heard");
            heard(message);
          }),
        );
      deliver(random.between(0.05, plan.trip) + (kind === "wake-late" ? ms : 0));
      if (kind === "wake-twice") deliver(random.between(0.05, plan.trip) + ms);
    }
    return subscriptions.length;
  }

  /** Connections are made again when it is up. */
  restarted({ downUntil }: Server): void {
    for (const client of this.#world.clients) {
      client.unsettle(downUntil);
      client.deafUntil = Math.max(client.deafUntil, downUntil + this.#world.plan.trip);
    }
  }
}
