import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createLocks, type LockEvent } from "../../src/index.ts";
import { noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { seededRandom } from "../support/random.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";

const CALLS = 1000;
const CONTENDERS = 10;
const SEED = 20261121;
const LIMITS = { ttl: 3000, wait: 30_000, commandTimeout: 1000, retry: { min: 5, max: 40 } };

interface Holding {
  name: string;
  fence: number;
  from: number;
  to: number;
}

noUnhandledRejections();
const prefix = `${inject("redisPrefix")}thousand:`;
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

test("a thousand calls over a bad network: no overlap, no orphan, no hang, every fence in order", async () => {
  const random = seededRandom(SEED);
  const locksOf3 = Array.from({ length: 3 }, () => rest.fresh());
  rest.server.faults.rate({ dropReply: 0.05, dropRequest: 0.05, twice: 0.05, badGateway: 0.05 }, random);
  const holdings: Holding[] = [];
  const events: LockEvent[] = [];
  const inside = new Map<string, number>();
  let left = CALLS;

  async function contend(contender: number): Promise<void> {
    const onEvent = (event: LockEvent) => void events.push(event);
    const locks = createLocks(rest.transport(), { ...LIMITS, prefix, owner: `contender ${contender}`, onEvent });
    while (left-- > 0) {
      const { name } = locksOf3[Math.floor(random() * 3)] as { name: string };
      const call = locks.request(name, async (lease) => {
        const from = performance.now();
        inside.set(name, (inside.get(name) ?? 0) + 1);
        expect(inside.get(name)).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        expect(lease.held).toBe(true);
        inside.set(name, (inside.get(name) as number) - 1);
        holdings.push({ name, fence: lease.fence, from, to: performance.now() });
        return lease.fence;
      });
      const { value, error, ms } = await outcome(call);
      expect(error).toBeUndefined();
      expect(value).toBe(holdings.find(({ fence }) => fence === value)?.fence);
      // The wait, the callback, and a release that is asked again until the deadline of the lease.
      expect(ms).toBeLessThan(LIMITS.wait + LIMITS.ttl + LIMITS.commandTimeout + SLACK);
    }
    await locks.close();
  }
  await Promise.all(Array.from({ length: CONTENDERS }, (_, contender) => contend(contender)));

  expect(holdings).toHaveLength(CALLS);
  for (const lock of locksOf3) {
    const inOrder = holdings.filter(({ name }) => name === lock.name).sort((a, b) => a.from - b.from);
    expect(inOrder.length).toBeGreaterThan(250);
    for (const [index, { from, fence }] of inOrder.entries()) {
      const earlier = inOrder[index - 1];
      if (!earlier) continue;
      expect(from).toBeGreaterThanOrEqual(earlier.to);
      expect(fence).toBeGreaterThan(earlier.fence);
    }
    await rest.expectNothingLeft(lock);
  }
  expect(events.filter(({ type }) => type === "lost")).toEqual([]);

  const { requests } = rest.server;
  for (const kind of ["dropReply", "dropRequest", "twice", "badGateway"]) {
    expect(requests.filter(({ fault }) => fault === kind).length).toBeGreaterThan(requests.length * 0.03);
  }
}, 60_000);
