import { Redis } from "ioredis";
import { afterAll, inject } from "vitest";
import { ioredis } from "../../../adapters/ioredis.ts";
import { memory } from "../../../adapters/memory.ts";
import { RELEASE } from "../../../src/scripts.ts";
import { type RealStores, realStores } from "../../quorum/support/stores.ts";
import { freePort } from "../../support/redis-process.ts";
import { type RespClient, respClient } from "../../support/resp.ts";
import { virtualClock } from "../../support/virtual-clock.ts";
import { type Ground, type Place, placeOn, type Theirs } from "./place.ts";

/** Where a row has to hold. */
export interface Kind {
  name: string;
  open(): Promise<Place>;
}

const prefix = `${inject("redisPrefix")}lineage:`;
const closers: (() => unknown)[] = [];
let seed = 0;

afterAll(async () => {
  for (const close of closers) await close();
});

/** In the Redis documentation since 2.6, and in most of the libraries. */
export const COMPARE_AND_DELETE = `if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end`;

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function byCommands(redis: RespClient): Theirs {
  return {
    take: async (key, value, px) => (await redis.send("SET", key, value, "PX", `${px}`, "NX")) !== null,
    giveBack: async (key, value) => (await redis.send("EVAL", COMPARE_AND_DELETE, "1", key, value)) === 1,
    get: async (key) => (await redis.send("GET", key).then((reply) => reply && String(reply))) as string | null,
    pttl: async (key) => Number(await redis.send("PTTL", key)),
  };
}

function inMemory(stores: number): () => Promise<Place> {
  return async () => {
    const clock = virtualClock(++seed);
    const all = Array.from({ length: stores }, () => memory({ clock }));
    const theirs = all.map((store): Theirs => {
      const at = (key: string) => store.entries().find((entry) => entry.key === key);
      return {
        take: async (key, value, px) => (await store.set(key, value, { nx: true, px })) === "OK",
        // It runs no script but ours: this one compares and deletes too.
        giveBack: async (key, value) => {
          const reply = await store.eval(RELEASE, [key, `fence.7t5:${key}`], [value, "0", ""]);
          return (reply as unknown[])[0] === "freed";
        },
        get: async (key) => at(key)?.value ?? null,
        pttl: async (key) => at(key)?.pttl ?? -2,
      };
    });
    const refuse = async () => {
      throw new Error("connect ECONNREFUSED");
    };
    return placeOn({ stores: all, theirs, gone: { set: refuse, eval: refuse }, clock }, prefix);
  };
}

const nobody = once(async () => {
  const port = await freePort();
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on("error", () => {});
  closers.push(() => client.disconnect());
  return ioredis(client);
});

const shared = once(async (): Promise<Ground> => {
  const client = new Redis(inject("redisUrl"));
  const redis = respClient(inject("redisUrl"));
  closers.push(
    () => client.disconnect(),
    () => redis.close(),
  );
  return { stores: [ioredis(client)], theirs: [byCommands(redis)], gone: await nobody() };
});

/** Three servers of this file. */
export const servers: () => Promise<RealStores> = once(async () => {
  const real = await realStores(3);
  closers.push(() => real.stop());
  return real;
});

const several = once(async (): Promise<Ground> => {
  const real = await servers();
  const clients = await real.clients();
  const theirs = real.stores.map(({ redis }) => byCommands(redis));
  return { stores: clients.map(({ transport }) => transport), theirs, gone: await nobody() };
});

const MEMORY: Kind = { name: "memory", open: inMemory(1) };
const REDIS: Kind = { name: "Redis", open: async () => placeOn(await shared(), prefix) };
const MEMORIES: Kind = { name: "a quorum in memory", open: inMemory(3) };
const SERVERS: Kind = { name: "a quorum of servers", open: async () => placeOn(await several(), prefix) };

export const ONE: Kind[] = [MEMORY, REDIS];
export const SEVERAL: Kind[] = [MEMORIES, SERVERS];
export const EVERYWHERE: Kind[] = [...ONE, ...SEVERAL];
