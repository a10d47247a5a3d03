import type * as holdfastIoredis from "../../adapters/ioredis.ts";
import type * as holdfast from "../../src/index.ts";
import type * as holdfastQuorum from "../../src/quorum.ts";
import { built } from "../support/built.ts";
import { FENCED, UNFENCED } from "./names.ts";
import { observeReplies } from "./replies.ts";
import type { Stores } from "./stores.ts";

/** Longer than anything here takes, the time limit of redlock-universal (5 s a request) included. */
export const TTL = 10_000;

/** Takes a lock, and gives back how to release it. */
export type Take = () => Promise<() => Promise<unknown>>;

export interface Opened {
  take: Take;
  settle(): Promise<void>;
  /** What the majority's slowest replies to the last acquisition took, milliseconds. */
  replies?(): number;
  close?(): Promise<void>;
}

/** A library that locks, over the servers of a scenario. */
export interface Locker {
  name: string;
  open(stores: Stores, hanging: boolean): Promise<Opened>;
  /** How many acquisitions to wait for with a server that hangs, if that takes long. */
  turnsWhenHanging?: number;
}

function ours(name: string, options: holdfast.LocksOptions, quorumOptions?: holdfastQuorum.QuorumOptions): Locker {
  return {
    name,
    async open(stores, hanging) {
      const { createLocks } = await built<typeof holdfast>("index");
      const { quorum } = await built<typeof holdfastQuorum>("quorum");
      const { ioredis } = await built<typeof holdfastIoredis>("ioredis");
      const { clients, settle } = await stores.ioredis(hanging);
      const { transports, begin, until } = observeReplies(clients.map((client) => ioredis(client)));
      const locks = createLocks(quorum(transports, quorumOptions), { ttl: TTL, ...options });
      return {
        settle,
        close: () => locks.close(),
        replies: () => until(Math.floor(clients.length / 2) + 1),
        async take() {
          begin();
          const lease = await locks.acquire(name);
          return () => lease.release();
        },
      };
    },
  };
}

const redlock: Locker = {
  name: "redlock",
  async open(stores, hanging) {
    const { default: Redlock } = await import("redlock");
    const { clients, settle } = await stores.ioredis(hanging);
    const locks = new Redlock(clients);
    return {
      settle,
      async take() {
        const lock = await locks.acquire(["redlock"], TTL);
        return () => lock.release();
      },
    };
  },
};

function universal(over: "ioredis" | "node-redis"): Locker {
  const name = `redlock-universal, ${over}`;
  return {
    name,
    turnsWhenHanging: 1,
    async open(stores, hanging) {
      const { createRedlock, IoredisAdapter, NodeRedisAdapter } = await import("redlock-universal");
      const { clients, settle } = await (over === "ioredis" ? stores.ioredis(hanging) : stores.nodeRedis(hanging));
      const Adapter = over === "ioredis" ? IoredisAdapter : NodeRedisAdapter;
      const adapters = (clients as unknown[]).map((client) => new Adapter(client));
      const lock = createRedlock({ adapters, key: name, ttl: TTL });
      return {
        settle,
        async take() {
          const handle = await lock.acquire();
          return () => lock.release(handle);
        },
      };
    },
  };
}

export const LOCKERS: readonly Locker[] = [
  ours(UNFENCED, { fence: false }),
  ours(`${UNFENCED}, maxTtl: 0`, { fence: false }, { maxTtl: 0 }),
  ours(FENCED, {}),
  redlock,
  universal("ioredis"),
  universal("node-redis"),
];
