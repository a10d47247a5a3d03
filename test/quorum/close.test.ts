import { afterAll, beforeAll, expect, test } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { failsWith, noUnhandledRejections, outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { startRestServer } from "../support/rest-server.ts";
import { patience } from "./support/patience.ts";
import { type Routes, routes } from "./support/routes.ts";
import { type RealStores, realStores } from "./support/stores.ts";

const LIMIT = 5000;

noUnhandledRejections();
let real: RealStores;
let ways: Routes;
beforeAll(async () => {
  real = await realStores(5);
  ways = await routes(real);
});
afterAll(async () => {
  await ways.close();
  await real.stop();
});

const ALL = [0, 1, 2, 3, 4];

/** What is going on when it is closed, while these stores hang. */
const WHILE: [string, number[]][] = [
  ["all", ALL],
  ["a majority", [0, 1, 2]],
  ["a minority", [3, 4]],
  ["none", []],
];

test.each(WHILE)(
  "close() while %s of the stores hang leaves no timer, and nothing that its ttl does not free",
  async (_, silent) => {
    const time = patience();
    let hangs: number[] = [];
    const parts = ALL.map((at) => {
      const [direct, hanging] = [ways.direct[at]!, ways.hanging[at]!];
      const either = {
        set: direct.set,
        eval: (...command: Parameters<typeof direct.eval>) => (hangs.includes(at) ? hanging : direct).eval(...command),
      };
      return time.over(either, () => !hangs.includes(at));
    });
    const options = { ttl: 60_000, wait: "10m", commandTimeout: LIMIT, clock: time.clock } as const;
    const locks = createLocks(quorum(parts, { maxTtl: 0 }), options);
    const name = (what: string) => `${what} ${silent.length}`;
    const [held, forgotten] = await time.settle(
      Promise.all([locks.acquire(name("held"), { renew: true }), locks.acquire(name("forgotten"))]),
    );
    hangs = silent;
    const calls = [
      locks.acquire(name("held")),
      locks.acquire(name("free")),
      locks.tryAcquire(name("other")),
      forgotten.release(),
      held.extend(),
      locks.query(name("held")),
    ].map((call) => outcome<unknown>(call));
    await time.quiet();
    const began = time.clock.monotonic();
    await time.settle(locks.close());
    // Waits, what they left, leases and clean-ups: each has the time of one command.
    expect(time.clock.monotonic() - began).toBeLessThanOrEqual(4 * LIMIT);
    await time.settle(Promise.all(calls));
    expect(held.held).toBe(false);
    expect(held.signal.reason).toMatchObject({ code: "LOST" });
    await failsWith("CLOSED", locks.acquire("later"));
    expect(time.clock.pending.count).toBe(0);

    const keys = ["held", "free", "other", "forgotten"].map((what) => `lock:${name(what)}`);
    for (const [at, { redis }] of real.stores.entries()) {
      for (const left of (await redis.sendAll(keys.map((key) => ["PTTL", key]))).map(Number)) {
        if (silent.includes(at)) expect(left).not.toBe(-1);
        else expect(left).toBe(-2);
      }
    }
  },
);

test("what hung gets through later, and is given back by what follows it", async () => {
  ways.relent();
  let left: string[] = [];
  const look = async () => {
    left = await real.leftovers("lock:");
    return !left.length;
  };
  await until(look, "keys are left").catch(() => {});
  expect(left).toEqual([]);
});

test("over HTTP the connections of what hung are closed", async () => {
  const some = real.stores.slice(0, 3);
  const servers = await Promise.all(some.map(({ server }) => startRestServer({ redisUrl: server.url })));
  const stalls = servers.map(({ faults }) => faults.always("stall"));
  const parts = servers.map(({ url, token }) => upstash({ url, token, timeout: 300 }));
  const locks = createLocks(quorum(parts, { maxTtl: 0, timeout: "30s" }), { ttl: "5m", commandTimeout: 300 });
  const waiting = outcome(locks.acquire("http", { wait: "5m" }));
  await Promise.all(stalls.map(({ hit }) => hit));
  await locks.close();
  expect((await waiting).error).toMatchObject({ code: "CLOSED" });
  // A stalled request is over when its client has gone.
  await Promise.all(stalls.map(({ done }) => done));
  await Promise.all(servers.map((server) => server.close()));
});
