import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocks, isLockError, type Lease, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { inOrder } from "./support/gate.ts";
import { allMasks, type Mask, verdict } from "./support/masks.ts";
import { patience } from "./support/patience.ts";
import { type Routes, routes } from "./support/routes.ts";
import { type RealStores, realStores } from "./support/stores.ts";
import { DAY, runningFor } from "./support/uptime.ts";

const MASKS = allMasks(5);
/** Where it makes a difference whether a server that restarted counts. */
const DIFFERENT = MASKS.filter((mask) => mask.filter((state) => state === "empty").length > 1);
/** At a time. */
const CROWD = 200;
const OTHER = `t${"other".padEnd(22, "-")}`;
const LIMITS = { ttl: "10m", wait: 0, prefix: "" };

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

/** The stores of one mask, as the one who tries sees them. */
function stores(mask: Mask, number: number): { transport: Transport; hangs: boolean }[] {
  return mask.map((state, at) => {
    // Every sixth has a store that is reached by HTTP.
    const works = (number % 30 === 6 * at ? ways.rest : ways.direct)[at] as Transport;
    const transport = {
      up: runningFor(DAY, works),
      taken: works,
      empty: works,
      hanging: ways.hanging[at] as Transport,
      refusing: ways.refusing[at]?.[number % 2] as Transport,
    }[state];
    return { transport, hangs: state === "hanging" };
  });
}

/** Whether the mask ends as it has to; what is wrong, in words. */
async function play(mask: Mask, number: number, forgetful: boolean): Promise<string[]> {
  const name = `${forgetful ? "young" : "old"}-${mask.join("-")}`;
  const expected = verdict(mask, forgetful);
  const wrong: string[] = [];
  const check = (right: unknown, what: string) => {
    if (!right) wrong.push(`${name}: ${what}, expected ${JSON.stringify(expected)}`);
  };
  const taken = mask.flatMap((state, at) => (state === "taken" ? [real.stores[at]] : []));
  await Promise.all(taken.map((store) => store?.redis.send("SET", name, OTHER, "PX", "600000")));
  const reachable = (positions: Iterable<number>) =>
    [...positions].filter((at) => ["up", "empty", "taken"].includes(mask[at] as string));
  const ownsNothing = async (positions: Iterable<number>) => {
    const values = await real.values(name);
    return reachable(positions).every((at) => values[at] === (mask[at] === "taken" ? OTHER : null));
  };

  const time = patience();
  const parts = inOrder(stores(mask, number)).map((transport, at) =>
    mask[at] === "hanging" ? transport : time.over(transport),
  );
  const options = forgetful ? {} : { maxTtl: 0 };
  const locks = createLocks(quorum(parts, options), { ...LIMITS, clock: time.clock, fence: number % 3 > 0 });
  const healthy = createLocks(quorum(ways.direct, { maxTtl: 0, timeout: "10m" }), { ...LIMITS, commandTimeout: "10m" });

  let lease: Lease | null = null;
  try {
    lease = await time.settle(locks.tryAcquire(name));
    check(expected.outcome === (lease ? "lease" : "busy"), lease ? "it was granted" : "it was busy");
  } catch (error) {
    const errors: readonly { message: string; position?: number }[] = isLockError(error, "BACKEND") ? error.errors : [];
    const positions = errors.map(({ position }) => position);
    check(expected.outcome === "outage", `it failed: ${error}`);
    check(`${positions}` === `${expected.failed}`, `the errors of ${positions}`);
    for (const { position = -1, message } of errors) {
      const says = { hanging: /no answer within/, empty: /has been running for/ }[mask[position] as string] ?? /./;
      check(says.test(message) && !message.includes(OTHER), `[${position}] said ${message}`);
    }
  }
  if (lease) {
    check((await healthy.tryAcquire(name)) === null, "another got it too");
    check(lease.held && (await time.settle(lease.verify())), "it is not held");
    check((await time.settle(lease.release())) === true, "it was not released");
    const next = await healthy.tryAcquire(name);
    check(next && (await next.release()), "nobody else got it after its release");
  } else {
    check(await ownsNothing(expected.heard), "something was left when it was refused");
  }
  await time.settle(locks.close());
  await healthy.close();
  check(await ownsNothing(mask.keys()), "something is left");
  check(!time.clock.pending.count, "a timer is left");
  return wrong;
}

describe.each([
  { forgetful: true, title: "a server that restarted waits", masks: MASKS },
  { forgetful: false, title: "a server that restarted counts", masks: DIFFERENT },
])("$title", ({ forgetful, masks }) => {
  test(`${masks.length} ways in which five servers can be, each ends as it has to`, { timeout: 300_000 }, async () => {
    const wrong: string[] = [];
    for (let from = 0; from < masks.length; from += CROWD) {
      const crowd = masks.slice(from, from + CROWD);
      wrong.push(...(await Promise.all(crowd.map((mask, at) => play(mask, from + at, forgetful)))).flat());
    }
    expect(wrong.length, wrong.slice(0, 10).join("\n")).toBe(0);
  });
});

test("what hung gets through in the end, and leaves nothing behind", async () => {
  ways.relent();
  let left: string[] = [];
  const look = async () => {
    left = (await real.leftovers("-")).filter((key) => !key.includes("taken"));
    return !left.length;
  };
  await until(look, "keys are left").catch(() => {});
  expect(left).toEqual([]);
});
