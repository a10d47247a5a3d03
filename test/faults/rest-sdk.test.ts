import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noUnhandledRejections, outage, outcome, SLACK } from "../support/outcome.ts";
import { type Caller, type RestBench, restBench } from "../support/rest-bench.ts";
import { commandTimeout, DEFINITIVE, PASSING } from "../support/rest-mishaps.ts";

const LIMITS = { ttl: 20_000, wait: 20_000, retry: { min: 10, max: 40 } };
const CALLERS: { caller: Caller; fence: boolean }[] = [
  { caller: "sdk", fence: true },
  { caller: "sdk", fence: false },
  { caller: "bare sdk", fence: true },
  { caller: "bare sdk", fence: false },
];

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}sdk:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each(CALLERS)("@upstash/redis with %o", ({ caller, fence }) => {
  test.each(PASSING)("%s: granted, extended and released all the same", async (mishap) => {
    const lock = rest.fresh();
    const hurt = () => rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const acquiring = hurt();
    const lease = await rest
      .locks({ ...LIMITS, fence, commandTimeout: commandTimeout(mishap) }, caller)
      .acquire(lock.name);
    expect(await rest.holder(lock)).toBe(lease.token);
    if (fence) expect(lease.fence).toBeGreaterThan(1.7e15);
    if (!mishap.silent) {
      const extending = hurt();
      await lease.extend("60s");
      await extending.done;
      expect(await rest.pttl(lock)).toBeGreaterThan(50_000);
    }
    const releasing = hurt();
    const { value, ms } = await outcome(lease.release());
    expect(value).toBe(true);
    expect(ms).toBeLessThan(2 * commandTimeout(mishap) + SLACK);
    // The client has no time limit of its own: what stalls goes on until the server closes.
    if (!mishap.silent) await Promise.all([acquiring.done, releasing.done]);
    await rest.expectNothingLeft(lock);
  });

  test.each(DEFINITIVE)("%s: an outage that says so, without any token", async (mishap, says, hint) => {
    const lock = rest.fresh();
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    // The client quotes the whole command, lock token included, in its errors.
    const error = await outage(rest.locks({ ...LIMITS, fence }, caller).acquire(lock.name), says, hint);
    const shown = [error.message, error.stack, String(error.cause), (error.cause as Error).stack].join();
    expect(shown).not.toMatch(/\bt[\w-]{22}\b/);
    expect(shown).not.toContain(rest.server.token);
    await rest.expectNothingLeft(lock);
  });

  test("an owner's label comes back from query as it was given", async () => {
    const lock = rest.fresh();
    for (const owner of ["12345", "true", "null", '{"a":[1]}', '"quoted"', "wörker 🔒"]) {
      const locks = rest.locks({ ...LIMITS, fence, owner }, caller);
      const lease = await locks.acquire(lock.name);
      expect(await locks.query(lock.name)).toMatchObject({ held: true, holders: [{ owner }] });
      expect(await lease.release()).toBe(true);
    }
    await rest.expectNothingLeft(lock);
  });
});

test("callers of every kind exclude one another", async () => {
  const callers: Caller[] = ["own", "sdk", "bare sdk"];
  for (const holder of callers) {
    const lock = rest.fresh();
    const lease = await rest.locks({}, holder).acquire(lock.name);
    for (const other of callers) expect(await rest.locks({}, other).tryAcquire(lock.name)).toBeNull();
    expect(await lease.release()).toBe(true);
  }
});
