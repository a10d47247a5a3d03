import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noUnhandledRejections, outage, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { commandTimeout, DEFINITIVE, PASSING } from "../support/rest-mishaps.ts";

const LIMITS = { ttl: 3000, wait: 12_000, retry: { min: 10, max: 40 } };

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}acquire:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each([{ fence: true }, { fence: false }])("acquire with %o", (fenced) => {
  test.each(PASSING)("%s on the first request: granted all the same, and nothing is left", async (mishap) => {
    const lock = rest.fresh();
    const fault = rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const patient = { ...LIMITS, ...fenced, ttl: 20_000, wait: 20_000, commandTimeout: commandTimeout(mishap) };
    const lease = await rest.locks(patient).acquire(lock.name);

    expect(lease.held).toBe(true);
    expect(await rest.holder(lock)).toBe(lease.token);
    expect(await rest.pttl(lock)).toBeGreaterThan(lease.remaining() - 5);
    await fault.done;
    expect(await lease.verify()).toBe(true);
    expect(await lease.release()).toBe(true);
    await rest.expectNothingLeft(lock);
  });

  test.each(PASSING)("%s on the only request of a tryAcquire: granted, or refused with no orphan", async (mishap) => {
    const lock = rest.fresh();
    const fault = rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const locks = rest.locks({ ...LIMITS, ...fenced, commandTimeout: commandTimeout(mishap) });
    const { value: lease, error, ms } = await outcome(locks.tryAcquire(lock.name));

    expect(ms).toBeLessThan(commandTimeout(mishap) + SLACK);
    if (lease) expect(await lease.release()).toBe(true);
    else expect(error).toMatchObject({ code: "BACKEND" });
    await fault.done;
    // The give-back runs in the background. Without a record a late copy may hold the name for one ttl.
    await rest.expectNothingLeft(lock, fenced.fence ? 1500 : LIMITS.ttl + 1500);
  });

  test.each(DEFINITIVE)("%s: refused at once, in words that help", async (mishap, says, hint) => {
    const lock = rest.fresh();
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const sent = () => rest.server.requests.filter(({ command }) => lock.about(command));
    const error = await outage(
      rest.locks({ ...fenced, commandTimeout: 10_000, ttl: 20_000, wait: 20_000 }).acquire(lock.name),
      says,
      hint,
    );

    expect(error.lockName).toBe(lock.name);
    expect(JSON.stringify(error.message + error.stack + error.cause)).not.toContain(rest.server.token);
    expect(sent()).toHaveLength(1);
    await rest.expectNothingLeft(lock);
  });

  test.each(PASSING.filter(({ kind }) => !/^(twice|delay|html)/.test(kind)))(
    "%s on every request: an outage when the wait is over, not a timeout",
    async (mishap) => {
      const lock = rest.fresh();
      const healthy = { left: false };
      const when = (command: string[]) => lock.about(command) && !healthy.left;
      rest.server.faults.always(mishap.kind, { ...mishap.options, when });
      const locks = rest.locks({ ...LIMITS, ...fenced, wait: 400 });
      const { error, ms } = await outcome(locks.acquire(lock.name));
      healthy.left = true;

      expect(error).toMatchObject({ code: "BACKEND", lockName: lock.name });
      expect(ms).toBeLessThan(400 + SLACK);
      await rest.expectNothingLeft(lock, LIMITS.ttl + 1500);
      await locks.close();
    },
  );
});
