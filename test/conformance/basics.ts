import { atLeast, atMost, equal, fails, ok } from "./assert.ts";
import type { Paced, Scenario } from "./stage.ts";
import { sleep, stopwatch, until } from "./time.ts";
import { tap } from "./wire.ts";

/** One holder a name, whatever else happens. */
export function basics(scenario: Scenario, paced: Paced): void {
  scenario("a lock is held for its ttl, in the store and by the lease", async ({ locks, others }) => {
    const elapsed = stopwatch();
    const before = Date.now();
    const lease = await locks.acquire("a", { ttl: "20s" });
    atMost(lease.expiresAt, Date.now() + 20_000, "expiresAt");
    atLeast(lease.expiresAt, before + 19_000, "expiresAt");
    atMost(lease.remaining(), 20_000, "remaining()");
    equal(lease.held, true, "held");
    const { held, remaining } = await others.query("a");
    equal(held, true, "held, as another client is told");
    atMost(remaining, 20_000, "milliseconds left in the store");
    atLeast(remaining, 20_000 - elapsed() - 200, "milliseconds left in the store");
    equal(await lease.release(), true, "release()");
    equal(lease.held, false, "held after the release");
    equal(lease.remaining(), 0, "remaining() after the release");
  });

  scenario("a name has one holder, another name is independent", async ({ locks, others, isTaken }) => {
    const lease = await locks.acquire("a");
    await isTaken("a", "by another client");
    equal(await locks.tryAcquire("a"), null, "the same client, a second time");
    const second = await others.acquire("b");
    ok(second.token !== lease.token, "two leases have the same token");
    equal(await lease.release(), true, "release() of the first name");
    equal(await second.verify(), true, "verify() of the second name");
  });

  scenario("of many callers at the same time one is granted", async ({ locks, others }) => {
    const calls = Array.from({ length: 16 }, (_, index) => (index % 2 ? locks : others).tryAcquire("a"));
    const leases = (await Promise.all(calls)).filter((lease) => lease !== null);
    equal(leases.length, 1, "leases granted to 16 callers");
  });

  scenario("callers take turns, and none is let in beside another", async ({ locks, others }) => {
    let inside = 0;
    let most = 0;
    let turns = 0;
    const callers = Array.from({ length: 10 }, async (_, index) =>
      (index % 2 ? locks : others).request("a", { wait: "20s" }, async () => {
        most = Math.max(most, ++inside);
        await sleep(5);
        inside--;
        turns++;
      }),
    );
    await Promise.all(callers);
    equal(most, 1, "callers inside at the same time");
    equal(turns, 10, "turns taken");
  });

  scenario("concurrent calls of one locks object do not mix up their leases", async ({ locks, isFree, isTaken }) => {
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const leases = await Promise.all(names.map((name) => locks.acquire(name, { owner: `owner of ${name}` })));
    for (const [index, name] of names.entries()) {
      equal(leases[index]?.name, name, "a lease's name");
      equal(leases[index]?.owner, `owner of ${name}`, "a lease's owner");
      equal((await locks.query(name)).holders[0]?.owner, `owner of ${name}`, "the owner in the store");
    }
    equal(new Set(leases.map(({ token }) => token)).size, 10, "different tokens");
    await leases[3]?.release();
    await isFree("n3", "the released one");
    await isTaken("n4", "its neighbour");
  });

  scenario("an expired lock can be taken, not before its lease has ended", async ({ locks, others }) => {
    const first = await locks.acquire("a", { ttl: "1s" });
    const second = await others.acquire("a");
    equal(first.held, false, "held of the first lease when the second was granted");
    equal(first.remaining(), 0, "remaining() of the first lease");
    equal(await second.verify(), true, "verify() of the second lease");
  });

  scenario("an expired lease does nothing to the next owner's", async ({ locks, others, isTaken }) => {
    const first = await locks.acquire("a", { ttl: "1s" });
    const second = await others.acquire("a", { ttl: "20s" });
    equal(await first.release(), false, "release() of an expired lease");
    equal(await first.verify(), false, "verify() of an expired lease");
    const error = await fails(first.extend("60s"), "LOST", "extend() of an expired lease");
    equal(error.reason, "expired", "the reason of the loss");
    await isTaken("a", "after the late release");
    equal(await second.verify(), true, "verify() of the next owner's lease");
    atMost((await others.query("a")).remaining, 20_000, "milliseconds left of the next owner's lock");
  });

  paced("a crashed holder's lock is free after its ttl", async ({ transport, locks, open, isTaken }, ms) => {
    const wire = tap(transport);
    const doomed = await open(wire.transport).acquire("a", { ttl: ms(1000), renew: true });
    // From here on nothing that it sends arrives.
    wire.pass = async () => {
      throw new Error("conformance: crashed");
    };
    await isTaken("a", "at once");
    await until(async () => !(await locks.query("a")).held, "the crashed holder's lock did not expire");
    equal(doomed.held, false, "held of the crashed holder's lease");
  });

  scenario("extend lengthens and never shortens", async ({ locks, others }) => {
    const lease = await locks.acquire("a", { ttl: "15s" });
    const first = lease.expiresAt;
    atLeast(await lease.extend("60s"), first + 40_000, "what extend() resolves to");
    const longer = (await others.query("a")).remaining;
    atLeast(longer, 40_000, "milliseconds left after extend(60s)");
    atLeast(await lease.extend("1s"), first + 40_000, "what a shorter extend() resolves to");
    atLeast((await others.query("a")).remaining, 35_000, "milliseconds left after a shorter extend()");
    atMost((await others.query("a")).remaining, 60_000, "milliseconds left");
  });

  scenario("the owner's label comes through", async ({ locks, others }) => {
    for (const owner of ["worker 7", "naïve ☃ 🔒", '{"json":[1]}', "12345", "two\nlines", "x".repeat(256)]) {
      const lease = await locks.acquire("a", { owner });
      equal(lease.owner, owner, "the lease's owner");
      equal((await others.query("a")).holders[0]?.owner, owner, "the owner that query() tells");
      equal(await lease.extend("40s").then(() => lease.release()), true, "release()");
    }
    const lease = await locks.acquire("a");
    equal((await others.query("a")).holders[0]?.owner, undefined, "the owner of a lock without a label");
    await lease.release();
  });
}
