import { atMost, equal, fails, ok } from "./assert.ts";
import type { Paced, Scenario } from "./stage.ts";
import { sleep, until } from "./time.ts";
import { requestLost, tap } from "./wire.ts";

/** Giving a lock back, and keeping its name for a while. */
export function release(scenario: Scenario, paced: Paced): void {
  scenario("a released lock is free", async ({ locks, others, isFree }) => {
    const lease = await locks.acquire("a");
    equal(await lease.release(), true, "release()");
    const { held, kept, holders, remaining } = await others.query("a");
    ok(!held && !kept && holders.length === 0 && remaining === 0, "query() of a released lock does not say free");
    await isFree("a", "after the release");
  });

  scenario("a second release answers the same, and does nothing", async ({ locks, others }) => {
    const lease = await locks.acquire("a");
    equal((await Promise.all([lease.release(), lease.release()])).join(), "true,true", "two releases at the same time");
    const next = await others.acquire("a");
    equal(await lease.release(), true, "a third release");
    equal(await next.verify(), true, "verify() of the next owner's lease");
  });

  scenario("a released lease can do nothing more", async ({ transport, open, isFree }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a");
    await lease.release();
    const sent = wire.requests.length;
    await fails(lease.extend(), "LOST", "extend() after the release");
    equal(await lease.verify(), false, "verify() after the release");
    equal(wire.requests.length, sent, "requests sent after the release");
    await isFree("a", "after the release");
  });

  scenario("a lease is disposable, and its disposal never throws", async ({ transport, open, locks, isFree }) => {
    const lease = await locks.acquire("a");
    await lease[Symbol.asyncDispose]();
    await isFree("a", "after the disposal");
    await lease[Symbol.asyncDispose]();

    const failures: (string | undefined)[] = [];
    const wire = tap(transport);
    const cut = open(wire.transport, { onEvent: ({ type, during }) => type === "failed" && failures.push(during) });
    const lost = await cut.acquire("b");
    wire.pass = refused;
    await lost[Symbol.asyncDispose]();
    equal(failures.join(), "release", "what onEvent was told to have failed");
    equal(await locks.forceRelease("b"), true, "forceRelease()");
  });

  scenario("a failed release does not replace the result of request", async ({ transport, open, locks }) => {
    const wire = tap(transport);
    const result = await open(wire.transport).request("a", () => {
      wire.pass = refused;
      return "done";
    });
    equal(result, "done", "what request() resolves to");
    equal(await locks.forceRelease("a"), true, "forceRelease()");
  });

  scenario("release says when the outcome stays unknown", async ({ transport, open }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: "1s" });
    wire.pass = requestLost;
    await fails(lease.release(), "BACKEND", "release() without a connection");
  });

  for (const fence of [true, false]) {
    paced(`minHold keeps the name after the release, ${fence ? "with" : "without"} a fence`, async (stage, ms) => {
      const { transport, open, others, isTaken } = stage;
      const wire = tap(transport);
      const locks = open(wire.transport, { minHold: ms(2500), fence });
      const lease = await locks.acquire("a");
      const sent = wire.requests.length;
      equal(await lease.release(), true, "release()");
      const releases = wire.requests.slice(sent);

      const kept = await others.query("a");
      equal(kept.held, false, "held");
      equal(kept.kept, true, "kept");
      atMost(kept.remaining, ms(2500), "milliseconds left");
      await isTaken("a", "within minHold");
      equal(await locks.tryAcquire("a"), null, "tryAcquire() of the same caller");
      const copy = () => others.restore({ name: "a", token: lease.token });
      equal(await copy().verify(), false, "verify() of a kept lock");
      await fails(copy().extend("60s"), "LOST", "extend() of a kept lock");

      await sleep(150);
      for (const request of releases) await request();
      atMost(
        (await others.query("a")).remaining,
        Math.max(0, kept.remaining - 100),
        "milliseconds left after a second copy",
      );
      const next = await others.acquire("a", { ttl: "20s" });
      for (const request of releases) await request();
      equal(await next.verify(), true, "verify() of the next owner after a third copy");
      atMost((await others.query("a")).remaining, 20_000, "milliseconds left of the next owner's lock");
    });
  }

  scenario("minHold that is over keeps nothing", async ({ locks, isFree }) => {
    const lease = await locks.acquire("a", { minHold: "100ms", ttl: "20s" });
    await sleep(120);
    equal(await lease.release(), true, "release()");
    await isFree("a", "after minHold");
  });

  paced("minHold keeps the name of a holder that crashed", async ({ transport, open, locks, isTaken }, ms) => {
    const wire = tap(transport);
    await open(wire.transport).acquire("a", { ttl: "200ms", minHold: ms(2000) });
    wire.pass = refused;
    await sleep(300);
    await isTaken("a", "within minHold");
    atMost((await locks.query("a")).remaining, ms(2000), "milliseconds left");
    await until(async () => !(await locks.query("a")).held, "the lock did not expire");
  });
}

/** A refusal that says that nothing was run, so that nobody asks again. */
async function refused(): Promise<never> {
  throw Object.assign(new Error("conformance: refused"), { definitive: true });
}
