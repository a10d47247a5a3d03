import { atLeast, atMost, equal, fails, ok } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { sleep, until } from "./time.ts";
import type { Pass, Request } from "./wire.ts";
import { asIs, first, tap } from "./wire.ts";

/** Holds requests up; `arrive` executes them, later than everything that was sent after them. */
function heldUp(): { pass: Pass; arrive: () => Promise<void> } {
  const waiting: Request[] = [];
  return {
    pass: (request) => {
      waiting.push(request);
      return new Promise(() => {});
    },
    async arrive() {
      for (const request of waiting.splice(0)) await request();
    },
  };
}

/** Requests that arrive in another order than they were sent in. */
export function stragglers(scenario: Scenario): void {
  scenario(
    "a shorter extend that arrives behind a longer one does not shorten",
    async ({ transport, open, others }) => {
      const wire = tap(transport);
      const lease = await open(wire.transport).acquire("a", { ttl: "5s" });
      await lease.extend("10s");
      const shorter = wire.requests.at(-1);
      await lease.extend("60s");
      await shorter?.();
      atLeast((await others.query("a")).remaining, 40_000, "milliseconds left");
      equal(await lease.verify(), true, "verify()");
      atMost(lease.remaining(), 60_000, "remaining()");
    },
  );

  scenario("an extend that arrives behind the release does not bring the lock back", async (stage) => {
    const { transport, open, others, isFree } = stage;
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a");
    await lease.extend("60s");
    const extend = wire.requests.at(-1);
    await lease.release();
    await extend?.();
    await isFree("a", "after the late extend");
    const next = await others.acquire("a", { ttl: "20s" });
    await extend?.();
    atMost((await others.query("a")).remaining, 20_000, "milliseconds left of the next holder's lock");
    equal(await next.release(), true, "release() of the next holder");
  });

  scenario("a release that overtakes its acquire leaves nothing behind", async (stage) => {
    const { transport, open, others, isFree, waitUntil, cleanedUp } = stage;
    const late = heldUp();
    const wire = tap(transport, first(late.pass));
    const options = { wait: "200ms", ttl: "60s", waitUntil };
    await fails(open(wire.transport).acquire("a", options), "BACKEND", "acquire() without an answer");
    await cleanedUp();
    await late.arrive();
    await isFree("a", "after the late acquire");

    const next = await others.acquire("a");
    for (const request of wire.requests) await request();
    equal(await next.verify(), true, "verify() of the next holder");
    await next.release();
    await isFree("a", "after the next holder");
  });

  scenario("a give-back that is held up does not free what the retry was granted", async ({ transport, open }) => {
    const late = heldUp();
    const executedUnanswered: Pass = async (request) => {
      await request();
      return new Promise(() => {});
    };
    const wire = tap(transport, first(executedUnanswered, late.pass));
    const locks = open(wire.transport);
    await fails(locks.acquire("a", { wait: "200ms", ttl: "500ms" }), "BACKEND", "acquire() without an answer");
    await until(() => wire.requests.length > 1, "no give-back was sent");
    wire.pass = asIs;
    const lease = await locks.acquire("a", { ttl: "20s" });
    await late.arrive();
    equal(await lease.verify(), true, "verify() after the give-back arrived");
    equal(await lease.release(), true, "release()");
  });

  scenario("an answer that arrives after the ttl is not a grant", async ({ transport, open, others }) => {
    const wire = tap(transport);
    wire.pass = first(async (request) => {
      const reply = await request();
      await sleep(1500);
      return reply;
    });
    const lease = await open(wire.transport).acquire("a", { ttl: "1s", wait: "20s" });
    equal(lease.held, true, "held");
    atMost(lease.remaining(), 1000, "remaining()");
    ok(wire.requests.length > 1, "an answer was believed that came after the lock had expired");
    const next = await others.acquire("a");
    equal(lease.held, false, "held when another was granted the lock");
    equal(await next.verify(), true, "verify() of the next holder");
  });

  scenario("a slow answer is not time that is left", async ({ transport, open }) => {
    const wire = tap(transport);
    wire.pass = first(async (request) => {
      const reply = await request();
      await sleep(500);
      return reply;
    });
    const lease = await open(wire.transport).acquire("a", { ttl: "5s" });
    atMost(lease.remaining(), 4600, "remaining() of a lock of 5 s whose grant took half a second");
    equal(await lease.release(), true, "release()");
  });

  scenario("a lease's own requests keep their order", async ({ transport, open, isFree }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: "20s" });
    let under = 0;
    let most = 0;
    wire.pass = async (request) => {
      most = Math.max(most, ++under);
      await sleep(20);
      return request().finally(() => under--);
    };
    const calls = [lease.extend("30s"), lease.verify(), lease.extend("40s"), lease.verify(), lease.release()];
    await Promise.allSettled(calls);
    equal(await calls.at(-1), true, "release()");
    equal(most, 1, "requests of one lease under way at the same time");
    await isFree("a", "after the release");
  });
}
