import { atMost, equal, fails, ok, rejection } from "./assert.ts";
import type { Paced, Scenario } from "./stage.ts";
import { aborted, sleep, stopwatch } from "./time.ts";
import { asIs, requestLost, tap, unanswered } from "./wire.ts";

/** How a holder learns that it is none any more. */
export function loss(scenario: Scenario, paced: Paced): void {
  paced("a forced release fires the signal, once", async ({ locks, others }, ms) => {
    const lease = await locks.acquire("a", { ttl: ms(3000), renew: true });
    let fired = 0;
    lease.signal.addEventListener("abort", () => fired++);
    equal(await others.forceRelease("a"), true, "forceRelease()");
    await aborted(lease.signal, "the signal did not fire after a forced release");
    const error = await fails(Promise.reject(lease.signal.reason), "LOST", "the signal's reason");
    equal(error.reason, "taken", "the reason of the loss");
    equal(lease.held, false, "held");
    equal(await lease.verify(), false, "verify()");
    equal(await fails(lease.extend(), "LOST", "extend()"), error, "what extend() rejects with");
    equal(await lease.release(), false, "release()");
    equal(fired, 1, "how often the signal fired");
  });

  paced("a key that was deleted is noticed by the renewal", async ({ locks, remove }, ms) => {
    const lease = await locks.acquire("a", { ttl: ms(3000), renew: true });
    const { signal } = lease;
    await remove(lease);
    await aborted(signal, "the signal did not fire after a deletion");
    const error = await fails(Promise.reject(signal.reason), "LOST", "the signal's reason");
    equal(error.reason, "deleted", "the reason of the loss");
    equal(await lease.release(), false, "release()");
  });

  scenario("a renewal never re-creates a key", async ({ locks, remove, isFree }) => {
    const lease = await locks.acquire("a", { ttl: "20s" });
    await remove(lease);
    const error = await fails(lease.extend(), "LOST", "extend() of a deleted lock");
    equal(error.reason, "deleted", "the reason of the loss");
    await isFree("a", "after extend()");
  });

  scenario("a lock that another took after a deletion is lost", async ({ locks, others, remove }) => {
    const lease = await locks.acquire("a", { ttl: "20s" });
    await remove(lease);
    const next = await others.acquire("a");
    equal(await lease.verify(), false, "verify() of the first lease");
    const error = await fails(lease.extend(), "LOST", "extend() of the first lease");
    equal(error.reason, "taken", "the reason of the loss");
    equal(await lease.release(), false, "release() of the first lease");
    equal(await next.verify(), true, "verify() of the second lease");
  });

  scenario("request rejects with the result when the lock was lost during the callback", async ({ locks, others }) => {
    const result = { any: "value" };
    const request = locks.request("a", async () => {
      await others.forceRelease("a");
      return result;
    });
    const error = await fails(request, "LOST", "request() whose lock was lost");
    equal(error.reason, "taken", "the reason of the loss");
    equal(error.result, result, "result");
    equal(error.lockName, "a", "lockName");
  });

  scenario("request rejects with the result when the callback took longer than the lock", async ({ locks }) => {
    const request = locks.request("a", { ttl: "1s", renew: false }, async ({ signal }) => {
      await aborted(signal, "the signal did not fire at the deadline");
      return "done";
    });
    const error = await fails(request, "LOST", "request() without renewal");
    equal(error.reason, "expired", "the reason of the loss");
    equal(error.result, "done", "result");
  });

  scenario("the callback's own error is never replaced by a loss", async ({ locks, others }) => {
    const own = new Error("the callback's");
    const request = locks.request("a", async () => {
      await others.forceRelease("a");
      throw own;
    });
    equal(await rejection(request, "request()"), own, "what request() rejects with");
  });

  scenario(
    "when another is granted the lock, the lease is not held and its signal has fired",
    async ({ locks, others }) => {
      const lease = await locks.acquire("a", { ttl: "1s" });
      const { signal } = lease;
      await others.acquire("a");
      equal(lease.held, false, "held when another was granted the lock");
      ok(signal.aborted, "another was granted the lock, and the signal has not fired");
    },
  );

  for (const [what, pass] of [
    ["are not answered", unanswered],
    ["fail", requestLost],
  ] as const) {
    paced(`renewals that ${what} lose the lock at the deadline`, async ({ transport, open, others }, ms) => {
      const wire = tap(transport);
      const elapsed = stopwatch();
      const lease = await open(wire.transport).acquire("a", { ttl: ms(2000), renew: true });
      wire.pass = pass;
      await aborted(lease.signal, "the signal did not fire");
      const error = await fails(Promise.reject(lease.signal.reason), "LOST", "the signal's reason");
      equal(error.reason, "unreachable", "the reason of the loss");
      atMost(elapsed(), ms(6000), "milliseconds until the loss of a lock that was not renewed");
      wire.pass = asIs;
      await others.acquire("a");
      equal(await lease.release(), false, "release()");
    });
  }

  paced("one failed renewal does not lose the lock", async ({ transport, open, isTaken }, ms) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: ms(2000), renew: true });
    const sent = wire.requests.length;
    wire.pass = (request, number) => (number === sent + 1 ? requestLost : asIs)(request, number);
    await sleep(ms(2300));
    equal(lease.held, true, "held");
    await isTaken("a", "after its first ttl");
    equal(await lease.release(), true, "release()");
  });

  paced("at maxHold renewal stops and the signal fires", async ({ locks }, ms) => {
    const lease = await locks.acquire("a", { ttl: ms(1500), renew: true, maxHold: ms(2000) });
    await aborted(lease.signal, "the signal did not fire at maxHold");
    const error = await fails(Promise.reject(lease.signal.reason), "LOST", "the signal's reason");
    equal(error.reason, "max-hold", "the reason of the loss");
    equal(lease.held, false, "held");
    await lease.release();
  });
}
