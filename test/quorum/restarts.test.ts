import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createLocks, type Locks, type LocksOptions, type Transport } from "../../src/index.ts";
import { type QuorumOptions, quorum } from "../../src/quorum.ts";
import { noUnhandledRejections, outcome } from "../support/outcome.ts";
import type { TcpClient } from "../support/tcp-clients.ts";
import { type Patience, patience } from "./support/patience.ts";
import { type RealStores, realStores } from "./support/stores.ts";
import { DAY, runningFor } from "./support/uptime.ts";

const TTL = 60_000;

noUnhandledRejections();
let real: RealStores;
let clients: TcpClient[];
/** Those that were started again a moment ago: the others say that they have been running for a day. */
let young: Set<number>;

beforeAll(async () => {
  real = await realStores(5);
  clients = await real.clients();
});
beforeEach(() => {
  young = new Set();
});
afterAll(() => real.stop());

function locksIn(time: Patience, settings: QuorumOptions = {}, options: LocksOptions = {}): Locks {
  const parts = clients.map(({ transport }, at): Transport => {
    const old = runningFor(DAY, transport);
    return time.over({
      set: transport.set,
      eval: (...command) => (young.has(at) ? transport : old).eval(...command),
    });
  });
  return createLocks(quorum(parts, settings), { ttl: TTL, wait: 0, clock: time.clock, ...options });
}

async function restart(...positions: number[]): Promise<void> {
  await Promise.all(positions.map((at) => real.stores[at]?.restart()));
  for (const at of positions) young.add(at);
}

test.each([{ fence: true }, { fence: false }])(
  "restarted empty one after another while a lease renews: repaired each time, nobody else gets in (%o)",
  async (fenced) => {
    const time = patience();
    const name = `rolling-${fenced.fence}`;
    const lease = await time.settle(locksIn(time, {}, fenced).acquire(name, { renew: true }));
    // One waits for restarted servers, and one takes them as they are.
    const others = [locksIn(time), locksIn(time, { maxTtl: 0 })];
    const nobodyElse = async () => {
      for (const locks of others) expect(await time.settle(locks.tryAcquire(name))).toBeNull();
    };
    for (const at of [0, 1, 2, 3, 4, 0]) {
      await restart(at);
      await nobodyElse();
      expect((await real.values(`lock:${name}`))[at]).toBeNull();
      await time.pass(TTL / 3 + 1000);
      expect(await real.values(`lock:${name}`)).toEqual(Array(5).fill(lease.token));
      await nobodyElse();
      expect(lease.held).toBe(true);
      young.delete(at);
    }
    expect(await time.settle(others[0]!.query(name))).toMatchObject({ held: true });
    expect(await time.settle(lease.release())).toBe(true);
    expect(await real.leftovers(`lock:${name}`)).toEqual([]);
    const next = await time.settle(others[1]!.acquire(name));
    if (fenced.fence) expect(next.fence).toBeGreaterThan(lease.fence);
    await time.settle(Promise.all(others.map((locks) => locks.close())));
  },
);

test("a majority restarted empty at once: the holder knows before anybody else can have it", async () => {
  const time = patience();
  const holders = locksIn(time);
  const lease = await time.settle(holders.acquire("majority", { renew: true }));
  const others = locksIn(time);
  await restart(0, 1, 2);
  const began = time.clock.monotonic();
  const attempts: unknown[] = [];
  while (lease.held) {
    attempts.push((await time.settle(outcome(others.tryAcquire("majority")))).value);
    await time.pass(1000);
  }
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "deleted" });
  expect(time.clock.monotonic() - began).toBeLessThan(TTL);
  expect(attempts.filter(Boolean)).toEqual([]);
  await time.settle(holders.close());

  // In time these servers cannot have forgotten anything that is still held.
  young.clear();
  await time.pass(TTL);
  await Promise.all([3, 4].map((at) => real.stores[at]?.redis.send("DEL", "lock:majority")));
  const next = await time.settle(others.acquire("majority"));
  expect(next.fence).toBeGreaterThan(lease.fence);
  await time.settle(others.close());
});

test("without the wait of restarted servers two would hold", async () => {
  const time = patience();
  const locks = locksIn(time, { maxTtl: 0 });
  const lease = await time.settle(locks.acquire("careless"));
  await restart(0, 1, 2);
  const second = await time.settle(locks.tryAcquire("careless"));
  expect([lease.held, second?.held]).toEqual([true, true]);
  expect(second!.fence).toBeGreaterThan(lease.fence);
  await time.settle(locks.close());
});

test("a server that comes back after the lock expired does not get it again", async () => {
  const time = patience();
  const locks = locksIn(time);
  const lease = await time.settle(locks.acquire("expired"));
  await restart(0);
  await time.pass(TTL);
  expect(lease.held).toBe(false);
  await expect(time.settle(lease.extend())).rejects.toMatchObject({ code: "LOST", reason: "expired" });
  expect((await real.values("lock:expired"))[0]).toBeNull();
  await time.settle(locks.close());
});
