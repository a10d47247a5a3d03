import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { MEND, VOTE } from "../../src/quorum-scripts.ts";
import { whenFulfilled } from "../support/statistics.ts";
import { type Locker, TTL } from "./locks.ts";
import { ONE_ROUND, REFERENCE, REFERENCE_AGAIN, TWO_ROUNDS } from "./names.ts";

const KEY = "lock:raw";
const RECORD = `fence.7t5:${KEY}`;
/** How long a record lives, milliseconds: about what the defaults make of it. */
const LIFE = 5_000_000;

const newToken = () => `t${randomBytes(17).toString("base64url").slice(0, 22)}`;

/** Sends to every server, and waits for as many answers. */
type Round = (send: (client: Redis) => Promise<unknown>) => Promise<unknown>;

/** What no library can beat: the bare commands, until a majority has answered. */
function raw(name: string, acquire: (round: Round, token: string) => Promise<unknown>): Locker {
  return {
    name,
    async open(stores, hanging) {
      const { clients, settle } = await stores.ioredis(hanging);
      const majority = Math.floor(clients.length / 2) + 1;
      const round: Round = (send) => whenFulfilled(clients.map(send), majority);
      await Promise.all(clients.flatMap((client) => [VOTE, MEND].map((script) => client.script("LOAD", script))));
      return {
        settle,
        async take() {
          await acquire(round, newToken());
          return () => round((client) => client.del(KEY));
        },
      };
    },
  };
}

/** By hash, as the adapters do. */
function runs(script: string): (client: Redis, ...args: (string | number)[]) => Promise<unknown> {
  const sha = createHash("sha1").update(script).digest("hex");
  return (client, ...args) => client.evalsha(sha, 2, KEY, RECORD, ...args);
}

const vote = runs(VOTE);
const mend = runs(MEND);

const set = (round: Round, token: string) => round((client) => client.set(KEY, token, "PX", TTL, "NX"));

async function twoRounds(round: Round, token: string): Promise<void> {
  let fence = 0;
  await round(async (client) => {
    const [, , minted] = (await vote(client, token, TTL, LIFE, "1", "1")) as string[];
    fence = Math.max(fence, Number(minted));
  });
  await round((client) => mend(client, token, "", LIFE, fence, ""));
}

export const RAW: readonly Locker[] = [
  raw(REFERENCE, set),
  raw(REFERENCE_AGAIN, set),
  raw(ONE_ROUND, (round, token) => round((client) => vote(client, token, TTL, "", "1", "1"))),
  raw(TWO_ROUNDS, twoRounds),
];
