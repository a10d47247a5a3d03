import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noUnhandledRejections, outage, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { commandTimeout, DEFINITIVE, PASSING } from "../support/rest-mishaps.ts";

const LIMITS = { ttl: 30_000 };
const ANSWERED = PASSING.filter(({ silent }) => !silent);
const SILENT = PASSING.filter(({ silent }) => silent);

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}query:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each([{ fence: true }, { fence: false }])("with %o", (fenced) => {
  test.each(ANSWERED)("query, %s on its first request: says who holds it", async (mishap) => {
    const lock = rest.fresh();
    const locks = rest.locks({ ...LIMITS, ...fenced, owner: "somebody", commandTimeout: 20_000 });
    const lease = await locks.acquire(lock.name);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const { held, holders } = await locks.query(lock.name);

    expect(held).toBe(true);
    expect(holders).toMatchObject([{ owner: "somebody", fence: fenced.fence ? lease.fence : undefined }]);
    expect(await lease.release()).toBe(true);
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    expect(await locks.query(lock.name)).toMatchObject({ held: false, holders: [] });
    await rest.expectNothingLeft(lock);
  });

  test.each(SILENT)("query, %s: throws in time, it never reads as free", async (mishap) => {
    const lock = rest.fresh();
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    const { error, ms } = await outcome(
      rest.locks({ ...LIMITS, ...fenced, commandTimeout: commandTimeout(mishap) }).query(lock.name),
    );
    expect(error).toMatchObject({ code: "BACKEND", lockName: lock.name });
    expect(ms).toBeLessThan(commandTimeout(mishap) + SLACK);
  });

  test.each(DEFINITIVE)("query, %s: said at once", async (mishap, says, hint) => {
    const lock = rest.fresh();
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    await outage(rest.locks({ ...LIMITS, ...fenced, commandTimeout: 20_000 }).query(lock.name), says, hint);
  });

  test.each(ANSWERED)("forceRelease, %s on its first request: frees the lock", async (mishap) => {
    const lock = rest.fresh();
    const locks = rest.locks({ ...LIMITS, ...fenced });
    const lease = await locks.acquire(lock.name);
    const fault = rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
    expect(await locks.forceRelease(lock.name)).toBe(true);
    await fault.done;
    expect(await rest.holder(lock)).toBeNull();

    expect(await lease.verify()).toBe(false);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "taken" });
    expect(await lease.release()).toBe(false);
    await rest.expectNothingLeft(lock);
  });
});

test.each([2, 3])("forceRelease with the reply of step %i lost or executed twice: frees the lock", async (step) => {
  for (const kind of ["dropReply", "twice", "dropRequest"] as const) {
    const lock = rest.fresh();
    const locks = rest.locks(LIMITS);
    await locks.acquire(lock.name);
    let nth = 0;
    const when = (command: string[]) => lock.about(command) && ++nth === step;
    rest.server.faults.next(kind, { when });
    expect(await locks.forceRelease(lock.name)).toBe(true);
    expect(await rest.holder(lock)).toBeNull();
    await rest.expectNothingLeft(lock);
  }
});

test("list goes on after a failed page, and throws when nothing answers", async () => {
  const one = rest.fresh();
  const prefix = `${inject("redisPrefix")}list:`;
  const locks = rest.locks({ ...LIMITS, prefix });
  await using _held = await locks.acquire(one.name);
  const scan = (command: string[]) => command.some((part) => part.includes("list:*"));
  rest.server.faults.next("badGateway", { when: scan });
  const names: string[] = [];
  for await (const { name } of locks.list()) names.push(name);
  expect(names).toEqual([one.name]);

  rest.server.faults.always("dropRequest", { when: scan });
  await expect(locks.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "BACKEND" });
});
