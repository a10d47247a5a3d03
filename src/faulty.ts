import { FLY, LAND, LEAVE, PEEK } from "./flight-scripts.ts";
import { HAND } from "./hand-over-scripts.ts";
import { COUNT, JOIN, PASS } from "./queue-scripts.ts";
import { GIVE, KEEP, LOOK, MEND, VOTE } from "./quorum-scripts.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "./scripts.ts";
import type { Transport, Wakeups } from "./transport.ts";

/**
 * What becomes of a request:
 *
 * - `fail`: it is not executed, and rejects: the connection was refused;
 * - `hang`: it is not executed, and nothing ever comes back: the network swallows it;
 * - `loseReply`: it is executed, and rejects: the connection broke before the reply was here.
 *
 * What becomes of a message that would wake somebody who waits in line:
 *
 * - `lose`: it never arrives;
 * - `delay`: it arrives at the next `clear()`.
 */
export type Fault = "fail" | "hang" | "loseReply" | "lose" | "delay";

/**
 * What a request is for: a grant, a place in line, or what a flight asks before it computes; an extension, which each
 * renewal, `extend` and `verify` is; a release or clean-up, also one that hands the lock on or leaves a flight's result; a
 * look by `query`; `forceRelease`; a page of `list`. And what is none: `listen`, the wish to be sent messages, and
 * `message`, one of these, which `lose` and `delay` alone can meet, and which they meet alone.
 */
export type FaultyRequest = "acquire" | "extend" | "release" | "query" | "force" | "list" | "listen" | "message";

/** Options of {@link FaultyTransport.next}. */
export interface FaultOptions {
  /** Which requests are meant. @default every one but `listen`; for `lose` and `delay` `message` */
  on?: FaultyRequest | undefined;
  /** How many of them, a whole number from 1 up; `Infinity` until `clear`. @default 1 */
  times?: number | undefined;
  /**
   * What `fail` and `loseReply` reject with. With `definitive: true` in it, it says that the server refused.
   * @default an error that a broken connection might give
   */
  error?: unknown;
}

/** A transport whose next requests can be made to go wrong. */
export interface FaultyTransport extends Transport {
  /**
   * The next requests meet this fault. Several faults are used up in the order in which they were asked for.
   *
   * @throws {TypeError} if the fault or an option is none of those there are.
   */
  next(fault: Fault, options?: FaultOptions): void;
  /** Everything works again; messages that were delayed arrive, and what hangs goes on hanging. */
  clear(): void;
}

const FAULTS: Fault[] = ["fail", "hang", "loseReply", "lose", "delay"];
const ON_MESSAGES: Fault[] = ["lose", "delay"];

const REQUESTS = new Map<string, FaultyRequest>([
  [ACQUIRE, "acquire"],
  [VOTE, "acquire"],
  [MEND, "acquire"],
  [JOIN, "acquire"],
  [FLY, "acquire"],
  [PEEK, "acquire"],
  [EXTEND, "extend"],
  [KEEP, "extend"],
  [RELEASE, "release"],
  [GIVE, "release"],
  [PASS, "release"],
  [HAND, "release"],
  [LAND, "release"],
  [LEAVE, "release"],
  [FORCE, "force"],
  [QUERY, "query"],
  [LOOK, "query"],
  [COUNT, "query"],
  [SCAN, "list"],
]);

const ONES = [...new Set(REQUESTS.values()), "listen", "message"];

/**
 * A transport between the locks and a real one, or `memory`, that fails when a test says so: to see what a program does
 * when Redis is away, a reply is lost, or a lock with it. Without `deleteIf`, so that a release is one request.
 *
 * @param transport Any, a real one too. In a quorum each store can have its own.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createLocks } from "holdfast";
 * import { memory } from "holdfast/memory";
 * import { faulty, virtualClock } from "holdfast/testing";
 *
 * const clock = virtualClock();
 * const network = faulty(memory({ clock }));
 * const lease = await createLocks(network, { clock }).acquire("invoice:42", { ttl: "30s", renew: true });
 * network.next("fail", { on: "extend", times: Infinity }); // no renewal gets through any more
 * await clock.advance(30_000);
 * assert.equal(lease.signal.reason.reason, "unreachable");
 * ```
 */
export function faulty(transport: Transport): FaultyTransport {
  let faults: { fault: Fault; on: FaultyRequest | undefined; times: number; error: unknown }[] = [];
  const delayed: (() => void)[] = [];

  /** The fault that this meets, if any, which is used up by it. */
  function meet(what: FaultyRequest | undefined): (typeof faults)[number] | undefined {
    const met = faults.find(({ on }) => on === what || (!on && what !== "listen" && what !== "message"));
    if (met) met.times--;
    faults = faults.filter(({ times }) => times > 0);
    return met;
  }

  async function send<T>(request: FaultyRequest | undefined, execute: () => Promise<T>): Promise<T> {
    const met = meet(request);
    if (!met) return execute();
    if (met.fault === "hang") return new Promise(() => {});
    if (met.fault === "loseReply") await execute();
    throw met.error ?? new Error(met.fault === "fail" ? "connection refused" : "connection lost before the reply");
  }

  // Without `deleteIf`: a release is one request then, so that who counts them is not surprised.
  function over(node: Transport): Transport {
    return {
      set: (key, value, options) => send("acquire", () => node.set(key, value, options)),
      eval: (script, keys, args) => send(REQUESTS.get(script), () => node.eval(script, keys, args)),
    };
  }

  function overMessages(wakeups: Wakeups): Wakeups {
    return {
      listen(channel, onMessage) {
        let listening = true;
        const deliver = (message: string) => listening && onMessage(message);
        const heard = (message: string) => {
          const fault = meet("message")?.fault;
          if (fault === "delay") delayed.push(() => deliver(message));
          else if (fault !== "lose") deliver(message);
        };
        let end = () => {};
        const stop = () => {
          listening = false;
          end();
        };
        return send("listen", async () => {
          end = await wakeups.listen(channel, heard);
          return stop;
        }).catch((error) => {
          stop();
          throw error;
        });
      },
    };
  }

  const { wakeups, sharesProcess } = transport;
  const nodes = transport.nodes && { nodes: () => transport.nodes?.().map(over) ?? [] };
  return {
    ...over(transport),
    ...nodes,
    ...(sharesProcess && { sharesProcess }),
    ...(wakeups && { wakeups: overMessages(wakeups) }),
    next(fault, { on = ON_MESSAGES.includes(fault) ? "message" : undefined, times = 1, error } = {}) {
      if (!FAULTS.includes(fault)) throw new TypeError(`next() takes one of ${FAULTS.join(", ")}.`);
      if (on !== undefined && !ONES.includes(on)) throw new TypeError(`next(): on is one of ${ONES.join(", ")}.`);
      if (ON_MESSAGES.includes(fault) !== (on === "message"))
        throw new TypeError(`next(): ${ON_MESSAGES.join(" and ")} are for messages, and nothing else is.`);
      if (!(times >= 1)) throw new TypeError("next(): times is 1 or more.");
      faults.push({ fault, on, times, error });
    },
    clear() {
      faults = [];
      for (const deliver of delayed.splice(0)) deliver();
    },
  };
}
