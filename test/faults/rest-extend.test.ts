import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noUnhandledRejections, outage, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { commandTimeout, DEFINITIVE, PASSING } from "../support/rest-mishaps.ts";

const LIMITS = { ttl: 10_000 };
const ANSWERED = PASSING.filter(({ silent }) => !silent);
const SILENT = PASSING.filter(({ silent }) => silent);

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}extend:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each([{ fence: true }, { fence: false }])("with %o", (fenced) => {
  test.each(ANSWERED)("extend, %s on its first request: extended", async (mishap) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
    const fault = rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const deadline = await lease.extend("60s");

    expect(Math.abs(deadline - lease.expiresAt)).toBeLessThan(SLACK);
    expect(lease.remaining()).toBeGreaterThan(50_000);
    await fault.done;
    expect(await rest.pttl(lock)).toBeGreaterThan(lease.remaining());
    expect(await lease.release()).toBe(true);
    await rest.expectNothingLeft(lock);
  });

  test.each(SILENT)("extend, %s: an outage in time, and the old deadline holds", async (mishap) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...LIMITS, ...fenced, commandTimeout: commandTimeout(mishap) }).acquire(lock.name);
    const before = lease.remaining();
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const { error, ms } = await outcome(lease.extend("60s"));

    expect(error).toMatchObject({
      code: "BACKEND",
      lockName: lock.name,
      message: expect.stringContaining("no answer"),
    });
    expect(ms).toBeLessThan(commandTimeout(mishap) + SLACK);
    expect(lease.held).toBe(true);
    expect(lease.remaining()).toBeLessThan(before);
    expect(await lease.release()).toBe(true);
    await rest.expectNothingLeft(lock);
  });

  test.each(DEFINITIVE)("extend, %s: said at once, and the lease goes on", async (mishap, says, hint) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    await outage(lease.extend("60s"), says, hint);

    expect(lease.held).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    expect(await lease.release()).toBe(true);
    await rest.expectNothingLeft(lock);
  });

  test.each(ANSWERED)("verify, %s on its first request: true while held, false after", async (mishap) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    expect(await lease.verify()).toBe(true);

    await rest.redis.send("DEL", lock.key);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    expect(await lease.verify()).toBe(false);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "deleted" });
    await rest.expectNothingLeft(lock);
  });

  test.each(SILENT)("verify, %s: an outage in time, neither true nor false", async (mishap) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...LIMITS, ...fenced, commandTimeout: commandTimeout(mishap) }).acquire(lock.name);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const { error, ms } = await outcome(lease.verify());

    expect(error).toMatchObject({ code: "BACKEND" });
    expect(ms).toBeLessThan(commandTimeout(mishap) + SLACK);
    expect(lease.held).toBe(true);
    expect(await lease.release()).toBe(true);
    await rest.expectNothingLeft(lock);
  });

  test.each(DEFINITIVE)("verify, %s: said at once", async (mishap, says, hint) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    await outage(lease.verify(), says, hint);
    expect(await lease.release()).toBe(true);
    await rest.expectNothingLeft(lock);
  });
});
