import { afterAll, beforeAll, expect, test } from "vitest";
import { command } from "../../adapters/command.ts";
import { memory } from "../../adapters/memory.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, type Locks, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { decoded } from "../support/decoded.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { type RealStores, realStores } from "./support/stores.ts";

const KINDS = ["ioredis", "node-redis", "REST", "a command function", "memory"];

noUnhandledRejections();
let real: RealStores;
let server: RestServer;
let transports: Transport[];
beforeAll(async () => {
  real = await realStores(4);
  const [first, second, third, fourth] = real.stores;
  server = await startRestServer({ redisUrl: third!.server.url });
  const clients = await real.clients([first!.server.url, second!.server.url], ["ioredis", "node-redis"]);
  transports = [
    ...clients.map(({ transport }) => transport),
    upstash({ url: server.url, token: server.token }),
    command(async (args) => decoded(await fourth!.redis.send(...args))),
    memory(),
  ];
});
afterAll(async () => {
  await server.close();
  await real.stop();
});

/** Whatever it is asked, it refuses. */
const away = (): Transport => {
  const refuse = () => Promise.reject(Object.assign(new Error("NOAUTH nobody is known here"), { definitive: true }));
  return { set: refuse, eval: refuse };
};

const over = (parts: Transport[]): Locks =>
  createLocks(quorum(parts, { maxTtl: 0, timeout: "30s" }), { ttl: "5m", commandTimeout: "1m", wait: 0 });

test(`one lock over ${KINDS.join(", ")}`, async () => {
  // In another order they are the same stores.
  const [one, other] = [over(transports), over([...transports].reverse())];
  const fences: number[] = [];
  for (const locks of [one, other, one]) {
    const lease = await locks.acquire("mixed", { owner: "somebody" });
    fences.push(lease.fence);
    expect(await other.tryAcquire("mixed")).toBeNull();
    expect(await one.query("mixed")).toMatchObject({
      held: true,
      holders: [{ owner: "somebody", fence: lease.fence }],
    });
    await lease.extend("10m");
    const again = other.restore(lease.handOver());
    expect(await again.verify()).toBe(true);
    expect(await again.release()).toBe(true);
  }
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));

  const forced = await one.acquire("mixed");
  const listed = [];
  for await (const { name } of other.list()) listed.push(name);
  expect(listed).toEqual(["mixed"]);
  expect(await other.forceRelease("mixed")).toBe(true);
  expect(await forced.verify()).toBe(false);
  expect(forced.signal.reason).toMatchObject({ code: "LOST", reason: "taken" });
  expect(await other.query("mixed")).toMatchObject({ held: false });
  await Promise.all([one.close(), other.close()]);
  expect(await real.leftovers("lock:mixed")).toEqual([]);
});

const PAIRS = KINDS.flatMap((_, one) => KINDS.slice(one + 1).map((_, more) => [one, one + 1 + more] as const));

test.each(PAIRS.map((pair) => ({ pair, names: pair.map((at) => KINDS[at]).join(" and ") })))(
  "any majority will do: without $names",
  async ({ pair }) => {
    const left = over(transports.map((transport, at) => (pair.includes(at as never) ? away() : transport)));
    const all = over(transports);
    const lease = await left.acquire(`without ${pair}`);
    expect(await all.tryAcquire(lease.name)).toBeNull();
    await lease.extend();
    expect(await left.query(lease.name)).toMatchObject({ held: true });
    expect(await lease.release()).toBe(true);
    const next = await all.acquire(lease.name);
    expect(next.fence).toBeGreaterThan(lease.fence);
    await Promise.all([left.close(), all.close()]);
  },
);
