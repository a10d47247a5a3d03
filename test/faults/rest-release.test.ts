import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { LockEvent } from "../../src/index.ts";
import { noUnhandledRejections, outage, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { DEFINITIVE, PASSING } from "../support/rest-mishaps.ts";

// Only what is stalled takes so long, not an acquire on a busy machine, whose late copy would hold a name without a fence.
const LIMITS = { ttl: 20_000, commandTimeout: 800 };

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}release:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each([{ fence: true }, { fence: false }])("release with %o", (fenced) => {
  // A release is DELEX, and where that does not say "deleted" a script: the second case hits both.
  test.each(PASSING.flatMap((mishap) => [1, 2].map((times) => [mishap, times] as const)))(
    "%s on its first request(s): reports released",
    async (mishap, times) => {
      const lock = rest.fresh();
      const lease = await rest.locks({ ...LIMITS, ...fenced }).acquire(lock.name);
      const fault = rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about, times });
      const { value, ms } = await outcome(lease.release());

      expect(value).toBe(true);
      expect(ms).toBeLessThan(3 * LIMITS.commandTimeout + SLACK);
      expect(lease.held).toBe(false);
      expect(await lease.release()).toBe(true);
      await fault.done;
      await rest.expectNothingLeft(lock);
    },
  );

  test.each(DEFINITIVE)("%s: says so at once, and the ttl frees the name", async (mishap, says, hint) => {
    const lock = rest.fresh();
    const lease = await rest.locks({ ...fenced, ttl: 1500 }).acquire(lock.name);
    const began = performance.now();
    rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about, times: 2 });
    const sent = rest.server.requests.filter(({ command }) => lock.about(command)).length;
    await outage(lease.release(), says, hint);

    expect(performance.now() - began).toBeLessThan(1400);
    expect(rest.server.requests.filter(({ command }) => lock.about(command))).toHaveLength(sent + 2);
    await rest.expectNothingLeft(lock, 3000);
  });

  test.each([
    ["dropRequest", {}],
    ["stall", {}],
    ["error", { text: "LOADING" }],
  ] as const)("%s on every request: an outage at the deadline of the lease, not later", async (kind, options) => {
    const lock = rest.fresh();
    const locks = rest.locks({ ...fenced, ttl: 1000, commandTimeout: 200 });
    const lease = await locks.acquire(lock.name);
    rest.server.faults.always(kind, { ...options, when: lock.about });
    const { error, ms } = await outcome(lease.release());

    expect(error).toMatchObject({ code: "BACKEND", lockName: lock.name });
    expect(ms).toBeLessThan(1000 + 2 * 200 + SLACK);
    await rest.expectNothingLeft(lock, 3000);
  });

  test.each(DEFINITIVE)("%s on the release of request: its result stands, the event tells", async (mishap, says) => {
    const lock = rest.fresh();
    const events: LockEvent[] = [];
    const locks = rest.locks({ ...fenced, ttl: 1500, onEvent: (event) => void events.push(event) });
    const result = await locks.request(lock.name, () => {
      rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about, times: 2 });
      return "result";
    });

    expect(result).toBe("result");
    expect(events.at(-1)).toMatchObject({ type: "failed", during: "release", error: { code: "BACKEND" } });
    expect(events.at(-1)?.error?.message).toMatch(says);
    await rest.expectNothingLeft(lock, 3000);
  });
});

test("the error of a callback wins over the failure of its release", async () => {
  const lock = rest.fresh();
  const failed = new Error("the callback's own");
  const call = rest.locks({ ttl: 1500 }).request(lock.name, () => {
    rest.server.faults.next("unauthorized", { when: lock.about, times: 2 });
    throw failed;
  });
  expect((await outcome(call)).error).toBe(failed);
  await rest.expectNothingLeft(lock, 3000);
});
