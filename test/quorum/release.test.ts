import { afterAll, beforeAll, expect, test } from "vitest";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { GIVE } from "../../src/quorum-scripts.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { type LateStore, lateStore } from "./support/late-store.ts";
import { patience } from "./support/patience.ts";

noUnhandledRejections();
let stage: LateStore;
beforeAll(async () => {
  stage = await lateStore();
});
afterAll(() => stage[Symbol.asyncDispose]());

function begin() {
  const time = patience();
  const parts = [...stage.direct.slice(0, 2), stage.rest].map((each) => time.over(each));
  const options = { ttl: "10m", wait: 0, clock: time.clock } as const;
  return { time, locks: createLocks(quorum(parts, { maxTtl: 0 }), options) };
}

test.each(["dropRequest", "badGateway", "rateLimit"] as const)(
  "a store that did not hear of a release is told again, in the background (%s)",
  async (fault) => {
    const { time, locks } = begin();
    const lease = await time.settle(locks.acquire(fault));
    const { hit } = stage.overRest(fault, GIVE, fault);
    expect(await time.settle(lease.release())).toBe(true);
    await hit;
    await time.pass(10_000);
    expect(await stage.real.values(`lock:${fault}`)).toEqual([null, null, null]);
    await time.settle(locks.close());
  },
);

test("a release whose answer was lost has freed the lock all the same", async () => {
  const { time, locks } = begin();
  const lease = await time.settle(locks.acquire("dropReply"));
  stage.overRest("dropReply", GIVE, "dropReply");
  expect(await time.settle(lease.release())).toBe(true);
  expect(await time.settle(lease.release())).toBe(true);
  expect(await time.settle((await time.settle(locks.acquire("dropReply"))).release())).toBe(true);
  await time.settle(locks.close());
  expect(await stage.real.leftovers("lock:dropReply")).toEqual([]);
});

test("a lease that a minority lost is released with true, one that a majority lost with what they say", async () => {
  const { time, locks } = begin();
  const [minority, majority] = await time.settle(Promise.all([locks.acquire("minority"), locks.acquire("majority")]));
  const [first, second] = stage.real.stores;
  await first!.redis.send("DEL", "lock:minority", "lock:majority");
  await second!.redis.send("DEL", "lock:majority");
  expect(await time.settle(minority.release())).toBe(true);
  // Before its deadline only an earlier copy of the release can have freed it, as far as anybody knows.
  expect(await time.settle(majority.release())).toBe(true);
  await time.settle(locks.close());
  expect(await stage.real.leftovers("lock:")).toEqual([]);
});
