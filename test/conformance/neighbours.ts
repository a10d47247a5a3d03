import { atLeast, equal, fails, ok } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { until } from "./time.ts";

/** Values as other libraries write them; some of them mean something to a JSON parser. */
const TOKENS = ["6f1d0e2c-3b1a-4f0e-9f53-2d7c8c9c1a55", "12345", "true", "null", "[1]", '{"a":1}', " "];

/** Whatever else locks by `SET key value NX PX` on the same key is excluded, and excludes us. */
export function neighbours(scenario: Scenario): void {
  for (const token of TOKENS) {
    scenario(
      `a lock of another library, ${JSON.stringify(token)}, excludes us`,
      async ({ other, prefix, locks, isTaken }) => {
        equal(await other.set(`${prefix}a`, token, { nx: true, px: 20_000 }), "OK", "their SET NX PX");
        equal(await locks.tryAcquire("a"), null, "tryAcquire()");
        equal(await locks.tryAcquire("a", { fence: false }), null, "tryAcquire() without a fence");
        const error = await fails(locks.acquire("a", { maxAttempts: 2 }), "TIMEOUT", "acquire()");
        equal(error.holder, undefined, "the label of a holder that has none");
        const { held, holders } = await locks.query("a");
        equal(held, true, "held");
        equal(holders[0]?.owner, undefined, "owner");
        equal(holders[0]?.fence, undefined, "fence");
        await isTaken("a", "after our attempts");
        ok(await locks.forceRelease("a"), "forceRelease() found nothing");
        equal((await locks.query("a")).held, false, "held after forceRelease()");
      },
    );
  }

  for (const fence of [true, false]) {
    scenario(`we exclude another library, ${fence ? "with" : "without"} a fence`, async ({ other, prefix, locks }) => {
      const theirs = () => other.set(`${prefix}a`, "theirs", { nx: true, px: 20_000 });
      const lease = await locks.acquire("a", { fence });
      equal(await theirs(), null, "their SET NX PX while we hold the lock");
      await lease.extend("40s");
      equal(await theirs(), null, "their SET NX PX after extend()");
      equal(await lease.release(), true, "release()");
      equal(await theirs(), "OK", "their SET NX PX after the release");
      equal(await lease.release(), true, "a second release()");
      equal(await theirs(), null, "their SET NX PX while they hold the lock");
      await locks.forceRelease("a");
    });
  }

  scenario("we wait for another library's lock to expire", async ({ other, prefix, locks }) => {
    await other.set(`${prefix}a`, "theirs", { nx: true, px: 300 });
    const lease = await locks.acquire("a", { wait: "20s", ttl: "20s" });
    equal(await lease.verify(), true, "verify()");
    atLeast(lease.remaining(), 5000, "remaining()");
  });

  scenario("another library's lock is not ours to extend or release", async ({ other, prefix, locks }) => {
    const lease = await locks.acquire("a", { ttl: "1s" });
    const theirs = () => other.set(`${prefix}a`, "theirs", { nx: true, px: 20_000 });
    await until(async () => (await theirs()) === "OK", "our lock did not expire");
    equal(await lease.release(), false, "release() of our lease");
    equal((await locks.query("a")).held, true, "held");
    await locks.forceRelease("a");
  });
}
