import type { Lease, LockEvent } from "../../src/index.ts";
import { atLeast, atMost, equal, ok, rejection } from "./assert.ts";
import type { Paced, Scenario } from "./stage.ts";
import { aborted, sleep, stopwatch, until } from "./time.ts";
import { tap } from "./wire.ts";

/** `request`, and the renewal that keeps a lock alive. */
export function keeping(scenario: Scenario, paced: Paced): void {
  scenario("request passes the callback's result through, and frees the lock", async ({ locks, isTaken, isFree }) => {
    const result = { any: "value" };
    let lease: Lease | undefined;
    const returned = await locks.request("a", async (held) => {
      lease = held;
      equal(held.held, true, "held in the callback");
      await isTaken("a", "while the callback runs");
      return result;
    });
    equal(returned, result, "what request() resolves to");
    equal(lease?.held, false, "held after the callback");
    equal(lease?.signal.aborted, false, "whether the signal of a released lease has aborted");
    await isFree("a", "after the callback");
    equal(await locks.request("a", () => 42), 42, "what request() resolves to for a callback that is not async");
    equal(await locks.request("a", () => undefined), undefined, "what request() resolves to for no value");
  });

  scenario("request passes the callback's error through, and frees the lock", async ({ locks, isFree }) => {
    const error = new Error("the callback's");
    const thrown = locks.request("a", () => {
      throw error;
    });
    equal(await rejection(thrown, "request()"), error, "what request() rejects with when the callback throws");
    await isFree("a", "after the callback threw");
    const rejected = locks.request("a", async () => Promise.reject("no error object"));
    equal(await rejection(rejected, "request()"), "no error object", "what request() rejects with");
    await isFree("a", "after the callback rejected");
  });

  scenario("request takes options and keeps their order of precedence", async ({ open, transport }) => {
    const locks = open(transport, { owner: "default", ttl: "20s" });
    await locks.request("a", { owner: undefined }, (lease) => equal(lease.owner, "default", "owner"));
    await locks.request("a", { owner: "own" }, (lease) => equal(lease.owner, "own", "owner"));
    await locks.request("a", { ttl: "40s" }, (lease) => atLeast(lease.remaining(), 30_000, "remaining()"));
  });

  paced("a lock is renewed for as long as the callback runs", async ({ transport, open, isTaken, isFree }, ms) => {
    const events: LockEvent["type"][] = [];
    const locks = open(transport, { onEvent: ({ type }) => events.push(type) });
    await locks.request("a", { ttl: ms(1000) }, async (lease) => {
      const { fence } = lease;
      await sleep(ms(3050));
      equal(lease.held, true, "held after three ttls");
      equal(lease.signal.aborted, false, "whether the signal has aborted");
      equal(lease.fence, fence, "the fence after renewals");
      await isTaken("a", "after three ttls");
    });
    atLeast(events.filter((type) => type === "renewed").length, 3, "renewals in three ttls");
    await isFree("a", "after the callback");
  });

  paced("acquire renews only when told to", async ({ locks, isTaken }, ms) => {
    const renewed = await locks.acquire("a", { ttl: ms(1200), renew: true });
    const left = await locks.acquire("b", { ttl: ms(1200) });
    await aborted(left.signal, "the signal of a lease without renewal did not fire");
    equal(left.held, false, "held without renewal");
    await sleep(ms(300));
    equal(renewed.held, true, "held with renewal");
    await isTaken("a", "after its ttl");
    equal(await renewed.release(), true, "release()");
  });

  paced("a ttl of 100 ms is renewed at most about four times a ttl", async ({ transport, open }, ms) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: `${ms(100)}ms`, renew: true });
    const before = wire.requests.length;
    const elapsed = stopwatch();
    await sleep(ms(600));
    atMost(wire.requests.length - before, (4 * elapsed()) / ms(100) + 2, `renewals in ${Math.round(elapsed())} ms`);
    // Such a short lock may be lost on a slow machine, and its release fail.
    await lease[Symbol.asyncDispose]();
  });

  paced("nothing is sent once a request is over", async ({ transport, open }, ms) => {
    const wire = tap(transport);
    const locks = open(wire.transport);
    await locks.request("a", { ttl: ms(1500) }, () => sleep(ms(700)));
    const after = wire.requests.length;
    await sleep(ms(700));
    equal(wire.requests.length, after, "requests sent later");
  });

  paced("nothing is sent after a release with a renewal in flight", async ({ transport, open, isFree }, ms) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: ms(1200), renew: true });
    wire.pass = async (request) => {
      await sleep(100);
      return request();
    };
    await until(() => wire.requests.length > 1 || !lease.held, "nothing was renewed");
    await lease.release();
    const after = wire.requests.length;
    await isFree("a", "after the release");
    await sleep(ms(700));
    equal(wire.requests.length, after, "requests sent later");
  });

  scenario("events tell what happened, without the token", async ({ transport, open }) => {
    const events: LockEvent[] = [];
    const locks = open(transport, { owner: "me", onEvent: (event) => void events.push(event) });
    const token = await locks.request("a", ({ token }) => token);
    equal(events.map(({ type }) => type).join(), "acquired,released", "events of an undisturbed request");
    ok(
      events.every(({ name, owner }) => name === "a" && owner === "me"),
      "each event has the name and the owner",
    );
    ok(!JSON.stringify(events).includes(token.slice(0, 23)), "an event contains the token");
  });

  scenario("an onEvent that throws harms nothing", async ({ transport, open }) => {
    const locks = open(transport, {
      onEvent() {
        throw new Error("the handler's own");
      },
    });
    equal(await locks.request("a", () => 1), 1, "what request() resolves to");
  });
}
