import { afterAll, beforeAll, expect, test } from "vitest";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { MEND } from "../../src/quorum-scripts.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type LateStore, lateStore } from "./support/late-store.ts";
import { patience } from "./support/patience.ts";

const TTL = 60_000;

noUnhandledRejections();
let stage: LateStore;
beforeAll(async () => {
  stage = await lateStore();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A lease that one of three stores has lost, whose repair there is held up on its way. */
async function repairing(name: string, fence = true) {
  const time = patience();
  let held = false;
  const last = time.over(stage.rest, (script) => !held || script !== MEND);
  const parts = [...stage.direct.slice(0, 2).map((each) => time.over(each)), last];
  const locks = createLocks(quorum(parts, { maxTtl: 0 }), { ttl: TTL, fence, clock: time.clock });
  const lease = await time.settle(locks.acquire(name));
  const { redis } = stage.real.stores[2]!;
  await redis.send("FLUSHALL");
  held = true;
  const { relent } = stage.overRest("hold", MEND, name);
  await time.settle(lease.extend());
  await time.quiet();
  expect(await stage.real.values(`lock:${name}`)).toEqual([lease.token, lease.token, null]);
  return { time, locks, lease, redis, relent };
}

test("a repair that comes in time gives the lock back to its holder, there too", async () => {
  const { time, locks, lease, relent } = await repairing("in time");
  await relent();
  expect((await stage.real.values("lock:in time"))[2]).toBe(lease.token);
  await time.settle(locks.close());
  expect(await stage.real.leftovers("lock:in time")).toEqual([]);
});

test("a repair that comes after the release does not bring the lock back", async () => {
  const { time, locks, lease, relent } = await repairing("released");
  expect(await time.settle(lease.release())).toBe(true);
  await time.settle(locks.close());
  await relent();
  expect(await stage.real.values("lock:released")).toEqual([null, null, null]);
});

test("a store that is being repaired hears of the release after that: no record has to tell", async () => {
  const { time, locks, lease, relent } = await repairing("no record", false);
  expect(await time.settle(lease.release())).toBe(true);
  await relent();
  await until(async () => !(await stage.real.leftovers("lock:no record")).length, "the repaired lock is left");
  await time.settle(locks.close());
});

test("nor one that comes after the release when another holds it", async () => {
  const { time, locks, lease, relent } = await repairing("followed");
  expect(await time.settle(lease.release())).toBe(true);
  const next = await time.settle(locks.acquire("followed"));
  await relent();
  expect(await stage.real.values("lock:followed")).toEqual([next.token, next.token, next.token]);
  expect(next.fence).toBeGreaterThan(lease.fence);
  await time.settle(locks.close());
});

test.each([{ fence: true }, { fence: false }])(
  "a repair is good until the lock of the majority may be over, by the server's own clock (%o)",
  async ({ fence }) => {
    const name = `limited-${fence}`;
    const { time, locks, redis, relent } = await repairing(name, fence);
    const [seconds, microseconds] = (await redis.send("TIME")) as Buffer[];
    const now = Number(seconds) * 1e6 + Number(microseconds);
    const args = stage.sent(MEND);
    const until = Number(args.at(-1));
    expect(until).toBeLessThan(now + TTL * 1000);

    const [direct] = stage.direct.slice(2);
    const mend = async (last: number) => {
      const changed = [...args.slice(0, -1), `${last}`];
      const reply = await direct!.eval(MEND, [`lock:${name}`, `fence.7t5:lock:${name}`], changed);
      return (reply as unknown[])[0];
    };
    expect(await mend(now - 1)).toBe("gone");
    expect((await stage.real.values(`lock:${name}`))[2]).toBeNull();
    expect(await mend(now + 60e6)).toBe("held");
    await relent();
    await time.settle(locks.close());
  },
);
