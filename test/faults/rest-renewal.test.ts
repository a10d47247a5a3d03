import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { LockEvent } from "../../src/index.ts";
import { noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";
import { commandTimeout, DEFINITIVE, PASSING } from "../support/rest-mishaps.ts";

const TTL = 1500;
/** Where a busy machine must not be what loses it. */
const LONG = 6000;

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(`${inject("redisPrefix")}renewal:`, { redisUrl: inject("redisUrl") });
});
afterAll(() => rest.close());

describe.concurrent.each([{ fence: true }, { fence: false }])("request with %o", (fenced) => {
  test.each([...PASSING, ...DEFINITIVE.map(([mishap]) => mishap)])(
    "%s on one renewal does not lose the lease",
    async (mishap) => {
      const lock = rest.fresh();
      const events: LockEvent[] = [];
      const locks = rest.locks({
        ...fenced,
        ttl: LONG,
        commandTimeout: commandTimeout(mishap),
        onEvent: (event) => void events.push(event),
      });
      const call = locks.request(lock.name, async (lease) => {
        const fault = rest.server.faults.next(mishap.kind, { ...mishap.options, when: lock.about });
        await fault.done;
        while (!events.some(({ type }) => type === "renewed")) await sleep(20, undefined, { signal: lease.signal });
        expect(await rest.holder(lock)).toBe(lease.token);
        expect(lease.signal.aborted).toBe(false);
        return lease.held;
      });

      expect(await call).toBe(true);
      expect(events.filter(({ type }) => type === "lost")).toEqual([]);
      await rest.expectNothingLeft(lock);
    },
  );

  test.each([
    ["dropRequest", {}],
    ["stall", {}],
    ["badGateway", {}],
    ["unauthorized", {}],
    ["error", { text: "LOADING Redis is loading the dataset in memory" }],
  ] as const)("%s on every renewal: lost at the deadline, not before and not later", async (kind, options) => {
    const lock = rest.fresh();
    const locks = rest.locks({ ...fenced, ttl: TTL, commandTimeout: 300 });
    const healthy = { now: false };
    const began = performance.now();
    const { error } = await outcome(
      locks.request(lock.name, async (lease) => {
        rest.server.faults.always(kind, { ...options, when: (command) => lock.about(command) && !healthy.now });
        await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
        const held = performance.now() - began;
        expect(held).toBeGreaterThan(TTL * 0.95);
        expect(held).toBeLessThan(TTL + SLACK);
        expect(lease.held).toBe(false);
        expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "unreachable" });
        healthy.now = true;
        return "unprotected";
      }),
    );

    expect(error).toMatchObject({ code: "LOST", reason: "unreachable", result: "unprotected" });
    await rest.expectNothingLeft(lock, TTL + SLACK);
  });
});

test("renewals that fail are told, at most about seven in one ttl", async () => {
  const lock = rest.fresh();
  const failed: LockEvent[] = [];
  const locks = rest.locks({ ttl: TTL, onEvent: (event) => event.type === "failed" && failed.push(event) });
  await outcome(
    locks.request(lock.name, async (lease) => {
      rest.server.faults.next("rateLimit", { when: lock.about, times: 50 });
      await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
      rest.server.faults.clear();
    }),
  );
  expect(failed.length).toBeGreaterThan(1);
  expect(failed.length).toBeLessThan(8);
  for (const event of failed) expect(event).toMatchObject({ during: "renew", error: { code: "BACKEND" } });
  await rest.expectNothingLeft(lock, TTL + SLACK);
});
