import type { LockEvent } from "../../src/index.ts";
import { atLeast, atMost, equal, fails, ok, rejection } from "./assert.ts";
import type { Paced, Scenario, Stage } from "./stage.ts";
import { sleep, stopwatch, until } from "./time.ts";
import { asIs, first, requestLost, tap, unanswered } from "./wire.ts";

/** A wait for a lock that is held, which sleeps for longer than any test takes. */
async function asleep({ transport, open, others }: Stage, controller: AbortController) {
  const holder = await others.acquire("a");
  const wire = tap(transport);
  const events: LockEvent["type"][] = [];
  const locks = open(wire.transport, { onEvent: ({ type }) => events.push(type), retry: () => 3_600_000 });
  const wait = locks.acquire("a", { wait: "1h", signal: controller.signal });
  wait.catch(() => {});
  await until(() => events.includes("waiting"), "no event said that the caller waits");
  return { holder, wire, locks, wait };
}

/** How a caller waits, and how it stops. */
export function waiting(scenario: Scenario, paced: Paced): void {
  scenario("tryAcquire of a held lock is null, after one request", async ({ transport, open, others }) => {
    await others.acquire("a");
    const wire = tap(transport);
    equal(await open(wire.transport).tryAcquire("a"), null, "tryAcquire()");
    equal(wire.requests.length, 1, "requests sent");
  });

  scenario("without a fence a null is believed only after a second request", async ({ transport, open, others }) => {
    const wire = tap(transport);
    const locks = open(wire.transport, { fence: false, fair: false });
    ok(await locks.tryAcquire("b"), "tryAcquire() of a free lock is null");
    equal(wire.requests.length, 1, "requests sent for a free lock");
    await others.acquire("a");
    equal(await locks.tryAcquire("a"), null, "tryAcquire()");
    equal(wire.requests.length, 3, "requests sent for both");
  });

  scenario("wait: 0 is one attempt", async ({ transport, open, others }) => {
    await others.acquire("a");
    const wire = tap(transport);
    const error = await fails(open(wire.transport).acquire("a", { wait: 0 }), "TIMEOUT", "acquire() without a wait");
    equal(error.attempts, 1, "attempts");
    equal(wire.requests.length, 1, "requests sent");
  });

  paced("a wait ends when the time is over, and says who has the lock", async (stage, ms) => {
    const { transport, open, others, waitUntil, cleanedUp, isFree } = stage;
    const holder = await others.acquire("a", { owner: "the holder" });
    const wire = tap(transport);
    const elapsed = stopwatch();
    const call = open(wire.transport).acquire("a", { wait: ms(2000), waitUntil });
    const error = await fails(call, "TIMEOUT", "acquire() of a lock that is held for longer than the wait");
    atLeast(error.waited, 300, "waited");
    atMost(error.waited, elapsed() + 1, "waited");
    atMost(elapsed(), ms(8000), "milliseconds that acquire() took");
    atLeast(error.attempts, 2, "attempts");
    atMost(error.attempts, wire.requests.length, "attempts, of the requests sent");
    equal(error.holder, "the holder", "holder");
    equal(error.lockName, "a", "lockName");
    equal(await holder.release(), true, "release() of the holder");
    await cleanedUp();
    await isFree("a", "after the wait that was given up");
  });

  scenario("no sleep follows the last attempt", async ({ locks, others }) => {
    await others.acquire("a");
    const elapsed = stopwatch();
    const options = { maxAttempts: 1, retry: () => 8000, wait: "20s" };
    const error = await fails(locks.acquire("a", options), "TIMEOUT", "acquire() with one attempt");
    equal(error.attempts, 1, "attempts");
    atMost(elapsed(), 6000, "milliseconds until a single attempt was reported");
  });

  scenario("maxAttempts bounds the requests", async ({ locks, others }) => {
    await others.acquire("a");
    const error = await fails(locks.acquire("a", { maxAttempts: 3 }), "TIMEOUT", "acquire() with three attempts");
    equal(error.attempts, 3, "attempts");
  });

  scenario("a waiter gets the lock when it is released", async ({ locks, others }) => {
    const holder = await others.acquire("a");
    const wait = locks.acquire("a", { wait: "20s" });
    await sleep(50);
    equal(await holder.release(), true, "release()");
    const lease = await wait;
    equal(await lease.verify(), true, "verify() of the waiter's lease");
  });

  scenario("a waiter with a long delay does not sleep past the holder's expiry", async ({ locks, others }) => {
    await others.acquire("a", { ttl: "1s" });
    const elapsed = stopwatch();
    await locks.acquire("a", { wait: "1h", retry: () => 3_600_000 });
    atMost(elapsed(), 6000, "milliseconds until a lock of a second was had");
  });

  for (const delay of [Number.NaN, -1000, 0, Number.NEGATIVE_INFINITY]) {
    scenario(`a retry function that returns ${delay} does not spin`, async ({ locks, others }) => {
      await others.acquire("a");
      const elapsed = stopwatch();
      const call = locks.acquire("a", { maxAttempts: 30, wait: "25s", retry: () => delay, fair: false });
      const error = await fails(call, "TIMEOUT", "acquire()");
      equal(error.attempts, 30, "attempts");
      atLeast(elapsed(), 29 * 4, "milliseconds that 30 attempts took");
    });
  }

  scenario("a signal that was aborted before sends nothing", async ({ transport, open }) => {
    const wire = tap(transport);
    const locks = open(wire.transport);
    const reason = new Error("not wanted");
    const signal = AbortSignal.abort(reason);
    equal(await rejection(locks.acquire("a", { signal }), "acquire()"), reason, "what acquire() rejects with");
    equal(await rejection(locks.tryAcquire("a", { signal }), "tryAcquire()"), reason, "what tryAcquire() rejects with");
    const request = locks.request("a", { signal }, () => {});
    equal(await rejection(request, "request()"), reason, "what request() rejects with");
    equal(wire.requests.length, 0, "requests sent");
  });

  scenario("an abort ends a sleep at once, with the signal's reason", async (stage) => {
    const controller = new AbortController();
    const { holder, wait, wire, locks } = await asleep(stage, controller);
    const elapsed = stopwatch();
    const reason = { any: "value" };
    controller.abort(reason);
    equal(await rejection(wait, "acquire()"), reason, "what acquire() rejects with");
    atMost(elapsed(), 6000, "milliseconds from the abort to the rejection");
    await holder.release();
    await locks.close();
    const sent = wire.requests.length;
    await stage.isFree("a", "after the abort");
    equal(wire.requests.length, sent, "requests sent in the end");
  });

  scenario("an abort during a request leaves nothing behind", async (stage) => {
    const { transport, open, waitUntil, cleanedUp, isFree } = stage;
    const controller = new AbortController();
    const wire = tap(transport, first(unanswered));
    const call = open(wire.transport).acquire("a", { signal: controller.signal, waitUntil });
    call.catch(() => {});
    await until(() => wire.requests.length, "nothing was sent");
    const reason = new Error("enough");
    controller.abort(reason);
    equal(await rejection(call, "acquire()"), reason, "what acquire() rejects with");
    await cleanedUp();
    atLeast(wire.requests.length, 2, "requests sent, a clean-up among them");
    await wire.requests[0]?.();
    await isFree("a", "when the request arrived after its own clean-up");
  });

  scenario("wait bounds the call when a request hangs", async (stage) => {
    const { transport, open, waitUntil, cleanedUp, isFree } = stage;
    const wire = tap(transport, first(unanswered));
    const elapsed = stopwatch();
    const call = open(wire.transport).acquire("a", { wait: "300ms", waitUntil });
    await fails(call, "BACKEND", "acquire() without an answer");
    atMost(elapsed(), 4500, "milliseconds that acquire() with wait: 300ms took");
    await cleanedUp();
    await wire.requests[0]?.();
    await isFree("a", "when the request arrived after all");
  });

  scenario("a wait in which nothing was answered is an outage, not a timeout", async ({ transport, open, isFree }) => {
    const wire = tap(transport, requestLost);
    const locks = open(wire.transport, { commandTimeout: "1s" });
    const error = await fails(locks.acquire("a", { wait: "200ms" }), "BACKEND", "acquire() without a connection");
    atLeast(error.errors.length, 1, "errors");
    await fails(locks.tryAcquire("a"), "BACKEND", "tryAcquire() without a connection");
    await fails(locks.query("a"), "BACKEND", "query() without a connection");
    wire.pass = asIs;
    await isFree("a", "after the outage");
  });

  scenario("ifAvailable calls the callback with null when the lock is held", async ({ locks, others }) => {
    const holder = await others.acquire("a");
    const told = await locks.request("a", { ifAvailable: true }, (lease) => lease === null);
    equal(told, true, "whether the callback got null");
    await holder.release();
    equal(await locks.request("a", { ifAvailable: true }, (lease) => lease?.held), true, "held when it was free");
  });
}
