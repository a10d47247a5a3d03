import { atMost, equal, fails, ok } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { sleep } from "./time.ts";
import { byScript, type Request, tap, twice } from "./wire.ts";

/** The same request executed twice, at once or long after, changes nothing. Networks, proxies and runtimes do it. */
export function replays(scenario: Scenario): void {
  for (const fence of [true, false]) {
    const how = fence ? "with a fence" : "without a fence";

    scenario(
      `everything executed twice answers as if once, ${how}`,
      async ({ transport, open, others, fair, isTaken, isFree }) => {
        const locks = open(tap(transport, twice).transport, { fence });
        const lease = await locks.acquire("a", { ttl: "20s", owner: "me" });
        const seen = await others.query("a");
        equal(seen.holders[0]?.owner, "me", "the owner in the store");
        if (fence || !fair) equal(seen.holders[0]?.fence, fence ? lease.fence : undefined, "the fence in the store");
        equal(await locks.tryAcquire("a"), null, "tryAcquire() of a held lock");
        await isTaken("a", "after acquire()");
        await lease.extend("40s");
        equal(await lease.verify(), true, "verify()");
        equal((await locks.query("a")).held, true, "held");
        equal(await lease.release(), true, "release()");
        await isFree("a", "after release()");
        equal(await locks.request("a", () => "done"), "done", "request()");
        await isFree("a", "after request()");
        await others.acquire("a");
        equal(await locks.forceRelease("a"), true, "forceRelease()");
        equal(await locks.forceRelease("a"), false, "forceRelease() of a free lock");
        await isFree("a", "after forceRelease()");
      },
    );

    scenario(`a second copy of an acquire prolongs nothing, ${how}`, async ({ transport, open, others }) => {
      const wire = tap(transport);
      const lease = await open(wire.transport, { fence }).acquire("a", { ttl: "20s" });
      const before = await others.query("a");
      await sleep(200);
      for (const request of [...wire.requests]) await request();
      const after = await others.query("a");
      atMost(after.remaining, before.remaining - 150, "milliseconds left after the copy");
      equal(after.holders[0]?.fence, before.holders[0]?.fence, "the fence after the copy");
      equal(await lease.verify(), true, "verify()");
      equal(await lease.release(), true, "release()");
    });

    scenario(`late copies do nothing to the next holder, ${how}`, async ({ transport, open, others, fair }) => {
      const requests: Request[] = [];
      for (const carrier of [transport, byScript(transport)]) {
        const wire = tap(carrier);
        const old = await open(wire.transport, { fence }).acquire("a", { ttl: "60s" });
        await old.extend("90s");
        await old.release();
        requests.push(...wire.requests);
      }
      const next = await others.acquire("a", { ttl: "20s", fence });
      for (const request of [...requests, ...[...requests].reverse(), ...requests]) await request();
      equal(await next.verify(), true, "verify() of the next holder");
      const { holders, remaining } = await others.query("a");
      if (fence || !fair) equal(holders[0]?.fence, fence ? next.fence : undefined, "the next holder's fence");
      atMost(remaining, 20_000, "milliseconds left of the next holder's lock");
      equal(await next.release(), true, "release() of the next holder");
    });
  }

  scenario("late copies of a whole life do not lock the name", async ({ transport, open, others, isFree }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: "60s" });
    await lease.extend("90s");
    await lease.release();
    for (const request of [...wire.requests, ...[...wire.requests].reverse()]) {
      await request();
      equal((await others.query("a")).held, false, "held after a late copy");
    }
    await isFree("a", "after the late copies");
  });

  scenario("late copies of many lives do not lock the name either", async ({ transport, open, isFree }) => {
    const wire = tap(transport);
    const locks = open(wire.transport);
    let last = 0;
    for (let life = 0; life < 6; life++) {
      const lease = await locks.acquire("a", { ttl: "60s" });
      ok(lease.fence > last, "a fence did not grow");
      last = lease.fence;
      await lease.release();
    }
    for (const request of [...wire.requests].reverse()) await request();
    await isFree("a", "after the late copies");
    const next = await locks.acquire("a");
    ok(next.fence > last, "late copies turned the fence back");
  });

  scenario(
    "a late copy of forceRelease does nothing to the next holder",
    async ({ transport, open, locks, others }) => {
      await others.acquire("a");
      const wire = tap(transport);
      equal(await open(wire.transport).forceRelease("a"), true, "forceRelease()");
      const next = await locks.acquire("a");
      for (const request of [...wire.requests, ...[...wire.requests].reverse()]) await request();
      equal(await next.verify(), true, "verify() of the next holder");
      equal((await others.query("a")).holders[0]?.fence, next.fence, "the next holder's fence");
    },
  );

  scenario("a copy of an acquire by a caller who was refused does not wait in the store", async (stage) => {
    const { transport, open, others, isFree, waitUntil, cleanedUp } = stage;
    const holder = await others.acquire("a");
    const wire = tap(transport);
    await fails(open(wire.transport).acquire("a", { maxAttempts: 2, waitUntil }), "TIMEOUT", "acquire()");
    await cleanedUp();
    await holder.release();
    for (const request of wire.requests) await request();
    await isFree("a", "after copies of an acquire that had given up");
  });
}
