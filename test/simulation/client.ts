import { command } from "../../adapters/command.ts";
import type { LockEvent, Locks, Transport } from "../../src/index.ts";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { ClientClock } from "./clock.ts";
import type { ClientPlan, QuorumPlan } from "./plan.ts";
import { randomOf } from "./random.ts";
import type { World } from "./world.ts";

/** A process, or a Worker's isolate: clocks, one `createLocks`, and a line to each store. */
export class Client {
  readonly id: number;
  readonly plan: ClientPlan;
  readonly clock: ClientClock;
  readonly locks: Locks;
  /** What was handed to `waitUntil` and has not settled. */
  readonly background: Set<Promise<unknown>> = new Set();
  cutUntil = 0;
  /** By server: until when this line alone is cut. */
  readonly lineCutUntil: number[] = [];
  suspensions = 0;
  closed = false;
  /** Until when a fault may hold up what it asks, on the world's time. */
  unsettledUntil = 0;
  /** Until when it hears no messages, and when it ended. */
  deafUntil = 0;
  diedAt: number = Number.POSITIVE_INFINITY;
  /** When its first `close` was done, in world time. */
  closedAt: number = Number.POSITIVE_INFINITY;
  /** The longest grace of its `close` calls. */
  grace = 0;
  #world: World;
  #messages: number[] = [];
  #labels = 0;
  /** The latest of its messages that a store has executed. */
  readonly latest: number[] = [];

  constructor(world: World, plan: ClientPlan) {
    this.id = plan.id;
    this.plan = plan;
    this.#world = world;
    this.clock = new ClientClock(world.timeline, plan.clock, randomOf(world.plan.seed, "clock", plan.id));
    this.locks = locksOver(
      world.servers.map((_, store) => this.#transport(store)),
      world.plan.quorum,
      {
        clock: this.clock.face,
        ttl: `${world.longest}ms`,
        commandTimeout: plan.commandTimeout,
        retry: plan.retry,
        onEvent: (event: LockEvent) => world.witness.heard(this, event),
        waitUntil: (promise: Promise<unknown>) => {
          this.background.add(promise);
          void promise.then(() => this.background.delete(promise));
        },
      },
    );
  }

  get dead(): boolean {
    return this.clock.dead;
  }

  /** A fault that lasts until then: afterwards a command may have to end, and a pause. */
  unsettle(until: number): void {
    const { commandTimeout, retry, clock } = this.plan;
    const recovery = (commandTimeout + Math.max(retry.min, retry.max)) / clock.rate + 3 * clock.late + 20;
    this.unsettledUntil = Math.max(this.unsettledUntil, until + recovery);
  }

  cut(store: number): boolean {
    return this.#world.timeline.now < Math.max(this.cutUntil, this.lineCutUntil[store] ?? 0);
  }

  countMessage(store: number): number {
    const number = this.#messages[store] ?? 0;
    this.#messages[store] = number + 1;
    return number;
  }

  /** A label that no other call has: the tokens of a call are known by it. */
  label(): string {
    return `c${this.id}-${this.#labels++}`;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.timer(ms, resolve));
  }

  #transport(store: number): Transport {
    const { network, witness } = this.#world;
    const send = (args: readonly string[]) => network.send(this, store, args);
    const plain: Transport = {
      set: (key, value, { px }) => send(["SET", key, value, "NX", "PX", String(px)]),
      eval: (script, keys, args) => send(["EVAL", script, String(keys.length), ...keys, ...args]),
    };
    const deleteIf = (key: string, value: string) => send(["DELEX", key, "IFEQ", value]);
    const { wire, listens, shares } = this.plan;
    const port = wire === "hashed" ? command(send) : wire === "deletes" ? { ...plain, deleteIf } : plain;
    const { channels } = this.#world;
    return {
      ...port,
      ...(shares && { sharesProcess: true }),
      ...(listens && { wakeups: { listen: (channel, heard) => channels.listen(this, channel, heard) } }),
      set: (key, value, options) => {
        witness.asked(this, store, value);
        return port.set(key, value, options);
      },
      eval: (script, keys, args) => {
        witness.asked(this, store, args[0] ?? "", script);
        return port.eval(script, keys, args);
      },
    };
  }
}

function locksOver(
  transports: readonly Transport[],
  { quorum: least, timeout, maxTtl }: QuorumPlan = { quorum: null, timeout: null, maxTtl: null },
  options: Parameters<typeof createLocks>[1],
): Locks {
  const [transport] = transports;
  if (transports.length === 1 && transport) return createLocks(transport, options);
  const more = { quorum: least ?? undefined, timeout: timeout ?? undefined, maxTtl: maxTtl ?? undefined };
  return createLocks(quorum(transports, more), options);
}
