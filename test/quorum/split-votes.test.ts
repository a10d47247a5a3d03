import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { contest } from "./support/contest.ts";
import { type RealStores, realStores } from "./support/stores.ts";

noUnhandledRejections();

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed + 1);
const NO_JITTER = { retry: { jitter: 0 } };

/** Each contender is nearest to another store, and all begin at the same moment. */
describe.each([
  { trips: [1, 50, 100], contenders: 3 },
  { trips: [1, 200, 400], contenders: 3 },
  { trips: [1, 20, 50, 80, 100], contenders: 5 },
  { trips: [1, 50, 100], contenders: 10 },
  { trips: [1, 100], contenders: 2 },
  { trips: [1, 20, 50, 100], contenders: 2 },
])("round trips of $trips ms, $contenders contenders", (field) => {
  test.each([
    ["with the default delays", {}],
    ["and delays without jitter, in step", NO_JITTER],
  ])("there is a winner within a few tries, %s", async (_, options) => {
    const results = await Promise.all(SEEDS.map((seed) => contest(seed, { ...field, options })));
    expect(results.filter(({ overlaps }) => overlaps)).toEqual([]);
    const tries = results.map((result) => result.tries).sort((a, b) => a - b);
    expect(tries[SEEDS.length / 2]).toBeLessThanOrEqual(3);
    expect(tries.at(-1)).toBeLessThanOrEqual(8);
  });
});

describe("over real servers, each contender nearest to another", () => {
  let real: RealStores;
  beforeAll(async () => {
    real = await realStores(3);
  });
  afterAll(() => real.stop());

  test("all of them are served, one at a time", async () => {
    const trips = [0, 20, 40];
    const proxies = await Promise.all(
      [0, 1, 2].map((who) =>
        Promise.all(
          real.stores.map(async ({ server }, at) => {
            const proxy = await startTcpProxy(server.port);
            proxy.delay((trips[(at - who + 3) % 3] as number) / 2);
            return proxy;
          }),
        ),
      ),
    );
    const contenders = await Promise.all(
      proxies.map(async (row) => {
        const clients = await real.clients(row.map(({ url }) => url));
        const transports = clients.map(({ transport }) => transport);
        await Promise.all(transports.map((transport) => transport.eval("return 'ready'", [], [])));
        return createLocks(quorum(transports, { maxTtl: 0, timeout: "5s" }), { ttl: "1m", wait: "1m" });
      }),
    );
    let inside = 0;
    let most = 0;
    const fences: number[] = [];
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        contenders.map((locks) =>
          locks.request("contested", async (lease) => {
            most = Math.max(most, ++inside);
            fences.push(lease.fence);
            await new Promise((resolve) => setTimeout(resolve, 5));
            inside--;
          }),
        ),
      );
    }
    expect(most).toBe(1);
    expect(fences).toHaveLength(15);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
    await Promise.all(contenders.map((locks) => locks.close()));
    expect(await real.leftovers("lock:contested")).toEqual([]);
    await Promise.all(proxies.flat().map((proxy) => proxy.close()));
  });
});
