import { afterAll, beforeAll, expect, test } from "vitest";
import { createLocks, type LocksOptions } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import { type Patience, patience } from "./support/patience.ts";
import { type Routes, routes } from "./support/routes.ts";
import { type RealStores, realStores } from "./support/stores.ts";

const PAIRS = [0, 1, 2, 3, 4].flatMap((one) => [0, 1, 2, 3, 4].filter((two) => two > one).map((two) => [one, two]));
const MINUTES = { timeout: "30m", maxTtl: 0 };

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

/** Five stores, of which these never answer, though each has half an hour. */
function locksOver(hanging: readonly number[], time: Patience, options: LocksOptions = {}) {
  const parts = ways.direct.map((direct, at) => {
    const way = hanging.includes(at) ? ways.hanging[at] : direct;
    return time.over(way ?? direct, () => !hanging.includes(at));
  });
  return createLocks(quorum(parts, MINUTES), { ttl: "1h", commandTimeout: "30m", clock: time.clock, ...options });
}

test.each(PAIRS)("%i and %i never answer: nobody waits for them, no time limit has to pass", async (...pair) => {
  const time = patience();
  const locks = locksOver(pair, time);
  const began = time.clock.monotonic();
  for (const fence of [true, false]) {
    const name = `never-${pair}-${fence}`;
    const lease = await time.settle(locks.acquire(name, { fence }));
    expect(await time.settle(lease.verify())).toBe(true);
    await time.settle(lease.extend());
    expect(await time.settle(locks.query(name))).toMatchObject({ held: true });
    expect(await time.settle(locks.tryAcquire(name))).toBeNull();
    expect(await time.settle(lease.release())).toBe(true);
    expect(await time.settle(locks.query(name))).toMatchObject({ held: false });
  }
  expect(time.clock.monotonic()).toBe(began);
  await time.settle(locks.close());
  expect(time.clock.pending.count).toBe(0);
});

test("renewal does not wait for a minority that never answers", async () => {
  const time = patience(60_000);
  const renewed: number[] = [];
  const onEvent = ({ type }: { type: string }) => {
    if (type === "renewed") renewed.push(time.clock.monotonic());
  };
  const locks = locksOver([0, 4], time, { onEvent, renew: true, maxHold: Infinity });
  const lease = await time.settle(locks.acquire("renewed"));
  const began = time.clock.monotonic();
  await time.pass(3 * 60 * 60_000);
  const third = 20 * 60_000;
  expect(renewed.map((at) => Math.round((at - began) / third))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(lease.held).toBe(true);
  await time.settle(locks.close());
});

test("a majority that never answers is waited for as long as a store is given, and no longer", async () => {
  const time = patience();
  const locks = locksOver([0, 2, 4], time, { commandTimeout: "1h", ttl: "2h" });
  const began = time.clock.monotonic();
  const error = await time.settle(failsWith("BACKEND", locks.tryAcquire("majority")));
  expect(error.errors.map((each) => (each as { position?: number }).position)).toEqual([0, 2, 4]);
  // What it was granted was given back before it was refused, which takes no time here.
  expect(time.clock.monotonic() - began).toBe(30 * 60_000);
  const values = await real.values("lock:majority");
  expect([values[1], values[3]]).toEqual([null, null]);
  await time.settle(locks.close());
});
