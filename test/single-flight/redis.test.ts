import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import { upstash } from "../../adapters/upstash.ts";
import { LEAVE, PEEK } from "../../src/flight-scripts.ts";
import { createLocks, type Locks, type Transport } from "../../src/index.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { read, tableUnder } from "../docs/markdown.ts";
import { rejection } from "../support/bench.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";

const prefix = `${inject("redisPrefix")}flight:`;
const KEEP = { keep: "1m" } as const;

test.each(["{", "}{", "{}a}", "a{b}c", "é🔒 \n"])("on a Cluster, whatever braces are in the name: %j", async (name) => {
  const cluster = new Cluster(inject("clusterNodes") as never, { redisOptions: { lazyConnect: true } });
  try {
    const call = () => singleFlight(createLocks(ioredis(cluster), { prefix }), name, KEEP, () => performance.now());
    expect(await call()).toBe(await call());
  } finally {
    cluster.disconnect();
  }
});

test("a large text, and SCRIPT FLUSH between any two commands", async () => {
  const redis = new Redis(inject("redisUrl"));
  try {
    const transport = ioredis(redis);
    const flushed: Transport = {
      ...transport,
      eval: async (...args) => {
        await redis.call("SCRIPT", "FLUSH");
        return transport.eval(...args);
      },
    };
    const large = "é🔒\n".repeat(20_000);
    const call = (compute: () => string) => singleFlight(createLocks(flushed, { prefix }), "large", KEEP, compute);
    expect(await call(() => large)).toBe(large);
    expect(await call(() => "")).toBe(large);
  } finally {
    redis.disconnect();
  }
});

describe("a store of a quorum takes no result of an earlier fence than it has", () => {
  const takesNone = async (transport: Transport) => {
    const keys = ["lock", "fence", "result"].map((each) => `${prefix}{earlier}${each}`);
    const leave = async (value: string) =>
      ((await transport.eval(LEAVE, keys, [token, "60000", "", value])) as [string])[0];
    const token = `t${"a".repeat(22)}`;
    await transport.set(keys[0] as string, token, { nx: true, px: 60_000 });
    expect(await leave('9 ="later"')).toBe("held");
    expect(await leave('8 ="earlier"')).toBe("gone");
    expect(await leave('9 ="later"')).toBe("held");
    expect(await leave('10 ="last"')).toBe("held");
    const kept = (await transport.eval(PEEK, keys, [])) as unknown[];
    expect(kept[3]).toBe('="last"');
  };

  test("in Redis", async () => {
    const redis = new Redis(inject("redisUrl"));
    await takesNone(ioredis(redis)).finally(() => redis.disconnect());
  });

  test("in memory", () => takesNone(memory()));
});

describe("over REST", () => {
  let redis: RedisServer;
  let server: RestServer;
  let locks: Locks;
  beforeAll(async () => {
    redis = await startRedis();
    server = await startRestServer({ redisUrl: redis.url });
    locks = createLocks(upstash({ url: server.url, token: server.token }));
  }, 60_000);
  afterAll(async () => {
    await server?.close();
    await redis?.stop();
  });

  const costOf = async (fn: () => Promise<unknown>) => (await server.countBilled(fn)).billed;

  test("it costs what the page says, as Upstash bills", async () => {
    await singleFlight(locks, "warm", KEEP, () => 1);
    const computing = await costOf(() => singleFlight(locks, "x", KEEP, () => 1));
    const served = await costOf(() => singleFlight(locks, "x", KEEP, () => 1));
    await locks.acquire("y");
    const polls = (maxAttempts: number) =>
      costOf(async () => {
        const cleanUps: Promise<unknown>[] = [];
        const waitUntil = (cleanUp: Promise<unknown>) => cleanUps.push(cleanUp);
        const options = { ...KEEP, maxAttempts, retry: { min: 5, max: 5 }, waitUntil };
        await rejection(singleFlight(locks, "y", options, () => 1));
        await Promise.all(cleanUps);
      });
    const [two, three] = [await polls(2), await polls(3)];
    const claimed = tableUnder(read("docs/single-flight.md"), "What it costs").map(([, cost]) => Number(cost));
    expect([computing, served, three - two]).toEqual(claimed);
  });

  test("a reply that is lost, of either request, changes nothing", async () => {
    for (const lost of [1, 2]) {
      const name = `lost ${lost}`;
      let count = 0;
      const about = (command: string[]) => command.includes(`lock:${name}`) && ++count === lost;
      server.faults.always("dropReply", { when: about });
      let computed = 0;
      const call = () => singleFlight(locks, name, KEEP, () => ++computed);
      expect(await call()).toBe(1);
      expect(await call()).toBe(1);
      server.faults.clear();
    }
  });

  test("what the text looks like as JSON does not matter to a client that parses replies", async () => {
    for (const made of ["1", "true", "null", '{"a":1}', "", "[1]"]) {
      const options = { ...KEEP, encode: (text: string) => text, decode: (text: string) => text };
      expect(await singleFlight(locks, `json ${made}`, options, () => made)).toBe(made);
      expect(await singleFlight(locks, `json ${made}`, options, () => "another")).toBe(made);
    }
  });
});
