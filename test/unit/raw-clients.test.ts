import { Redis as Upstash } from "@upstash/redis";
import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import { createClient, createClientPool, createCluster } from "redis";
import { createClient as createClient4, createCluster as createCluster4 } from "redis4";
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createClientPool as createPool5,
} from "redis5";
import { expect, test } from "vitest";
import { command } from "../../adapters/command.ts";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, LockOptionsError, type Transport } from "../../src/index.ts";

const nowhere = [{ url: "redis://127.0.0.1:1" }];
const lazy = { lazyConnect: true };
const method = async () => "OK";

const raw: [string, string, () => object][] = [
  ["ioredis 6 Redis", "holdfast/ioredis", () => new Redis(lazy)],
  ["ioredis 6 Cluster", "holdfast/ioredis", () => new Cluster(["127.0.0.1:1"], lazy)],
  ["ioredis 5 Redis", "holdfast/ioredis", () => new Redis5(lazy)],
  ["ioredis 5 Cluster", "holdfast/ioredis", () => new Cluster5(["127.0.0.1:1"], lazy)],
  ["redis 6 client", "holdfast/node-redis", () => createClient()],
  ["redis 6 pool", "holdfast/node-redis", () => createClientPool()],
  ["redis 6 cluster", "holdfast/node-redis", () => createCluster({ rootNodes: nowhere })],
  ["redis 5 client", "holdfast/node-redis", () => createClient5()],
  ["redis 5 pool", "holdfast/node-redis", () => createPool5()],
  ["redis 5 cluster", "holdfast/node-redis", () => createCluster5({ rootNodes: nowhere })],
  ["redis 4 client", "holdfast/node-redis", () => createClient4()],
  ["redis 4 cluster", "holdfast/node-redis", () => createCluster4({ rootNodes: nowhere })],
  ["one like Valkey GLIDE's", "holdfast/command", () => ({ set: method, get: method, customCommand: method })],
  ["one like Bun's", "holdfast/command", () => ({ set: method, get: method, send: method })],
];

test.each(raw)("a raw client (%s) is refused with the name of its adapter", (_, subpath, make) => {
  expect(() => createLocks(make() as Transport)).toThrow(LockOptionsError);
  expect(() => createLocks(make() as Transport)).toThrow(`"${subpath}"`);
});

test.each([[undefined], [null], [{}], ["redis://localhost"], [{ set: method }], [{ eval: method }], [() => {}]])(
  "what is no transport (%o) is refused, and the message says what to use",
  (candidate) => {
    expect(() => createLocks(candidate as never)).toThrow(LockOptionsError);
    expect(() => createLocks(candidate as never)).toThrow(/adapter.*"holdfast\//);
  },
);

test("an @upstash/redis client is a transport as it is, and so is whatever an adapter makes", () => {
  const client = new Upstash({ url: "https://example.upstash.io", token: "x" });
  expect(() => createLocks(client)).not.toThrow();
  expect(() => createLocks(upstash(client))).not.toThrow();
  expect(() => createLocks(upstash({ url: "https://example.upstash.io", token: "x" }))).not.toThrow();
  expect(() => createLocks(memory())).not.toThrow();
  expect(() => createLocks(command(method))).not.toThrow();
  expect(() => createLocks({ set: method, eval: method })).not.toThrow();
  for (const make of [() => new Redis(lazy), () => new Redis5(lazy)]) {
    expect(() => createLocks(ioredis(make()))).not.toThrow();
  }
  for (const client of [createClient(), createClient4(), createClient5()]) {
    expect(() => createLocks(nodeRedis(client))).not.toThrow();
  }
});

test("an adapter refuses another vendor's client", () => {
  expect(() => ioredis(createClient() as never)).toThrow(TypeError);
  expect(() => nodeRedis(new Redis(lazy) as never)).toThrow(TypeError);
  expect(() => command(createClient() as never)).toThrow(TypeError);
});

test("nor does upstash() take a raw client: node-redis' set would ignore nx, and grant to everyone", () => {
  const accepted = raw.filter(([, , make]) => {
    try {
      createLocks(upstash(make() as never));
      return true;
    } catch {
      return false;
    }
  });
  expect(accepted.map(([name]) => name)).toEqual([]);
});

test("an array of clients maps to transports: the index is no option", () => {
  const all = [...[new Redis(lazy), new Redis(lazy)].map(ioredis), ...[createClient(), createClient()].map(nodeRedis)];
  expect(all).toHaveLength(4);
  for (const transport of all) expect(transport).toMatchObject({ sharesProcess: true, wakeups: expect.anything() });
});
