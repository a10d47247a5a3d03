import { atLeast, atMost, equal, fails, includes, ok } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { stopwatch } from "./time.ts";
import { tap } from "./wire.ts";

/** Sends a command, and resolves to the reply: texts, integers, `null`. On a cluster, routed by its key. */
export type Commands = (args: string[]) => Promise<unknown>;

const COMPARE_AND_DELETE =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

/** What is in the store, seen without this library. */
export function raw(scenario: Scenario, commands: Commands): void {
  scenario("the key is the prefix and the name, its value the token", async ({ locks, prefix }) => {
    for (const fence of [true, false]) {
      const lease = await locks.acquire("a", { fence, owner: "me" });
      equal(await commands(["GET", `${prefix}a`]), lease.token, "the value of the key");
      await lease.release();
      equal(await commands(["EXISTS", `${prefix}a`]), 0, "how many keys there are after the release");
    }
  });

  scenario("the key expires with the ttl", async ({ locks, prefix }) => {
    for (const fence of [true, false]) {
      const elapsed = stopwatch();
      const lease = await locks.acquire("a", { fence, ttl: "20s" });
      const left = Number(await commands(["PTTL", `${prefix}a`]));
      atMost(left, 20_000, "PTTL after acquire()");
      atLeast(left, 20_000 - elapsed() - 200, "PTTL after acquire()");
      await lease.extend("60s");
      atLeast(Number(await commands(["PTTL", `${prefix}a`])), 60_000 - elapsed() - 200, "PTTL after extend()");
      await lease.release();
    }
  });

  scenario("whatever is left of a lock expires", async ({ transport, open, locks }) => {
    const wire = tap(transport);
    const tapped = open(wire.transport);
    for (const name of ["a", "b"]) await tapped.request(name, () => {});
    await locks.acquire("a");
    equal(await tapped.tryAcquire("a"), null, "tryAcquire()");
    await tapped.forceRelease("a");
    const kept = await tapped.acquire("c", { minHold: "2s" });
    await kept.release();
    ok(wire.keys.size >= 3, "no keys were named in requests");
    for (const key of wire.keys) {
      const left = Number(await commands(["PTTL", key]));
      ok(left > 0 || left === -2, `the key ${JSON.stringify(key)} has the PTTL ${left}: it would stay for ever`);
    }
  });

  scenario("fences grow although their counter was lost", async ({ transport, open, prefix }) => {
    const wire = tap(transport);
    const locks = open(wire.transport);
    let last = 0;
    for (let turn = 0; turn < 3; turn++) {
      const lease = await locks.acquire("a");
      ok(lease.fence > last, `${lease.fence} after ${last}`);
      last = lease.fence;
      await lease.release();
      for (const key of wire.keys) if (key !== `${prefix}a`) await commands(["DEL", key]);
    }
  });

  scenario("scripts that the server forgot are sent again", async ({ locks, isFree }) => {
    const forget = () => commands(["SCRIPT", "FLUSH"]);
    await forget();
    const lease = await locks.acquire("a");
    await forget();
    await lease.extend("40s");
    await forget();
    equal(await lease.verify(), true, "verify()");
    await forget();
    equal((await locks.query("a")).held, true, "held");
    await forget();
    equal(await lease.release(), true, "release()");
    await forget();
    equal(await locks.forceRelease("a"), false, "forceRelease()");
    await isFree("a", "after all");
  });

  scenario("another library's compare-and-delete frees its own lock, not ours", async ({ locks, prefix, isTaken }) => {
    const key = `${prefix}a`;
    const free = (token: string) => commands(["EVAL", COMPARE_AND_DELETE, "1", key, token]);
    equal(await commands(["SET", key, "theirs", "NX", "PX", "20000"]), "OK", "their SET NX PX");
    equal(await locks.tryAcquire("a"), null, "tryAcquire() while they have the lock");
    equal(await free("theirs"), 1, "their compare-and-delete");
    const lease = await locks.acquire("a");
    equal(await commands(["SET", key, "theirs", "NX", "PX", "20000"]), null, "their SET NX PX while we have the lock");
    equal(await free("theirs"), 0, "their compare-and-delete while we have the lock");
    await isTaken("a", "after their attempts");
    equal(await lease.release(), true, "release()");
  });

  scenario("a key that an operator deleted by hand is a lost lock", async ({ locks, prefix }) => {
    const lease = await locks.acquire("a");
    await commands(["DEL", `${prefix}a`]);
    equal(await lease.verify(), false, "verify()");
    const error = await fails(lease.extend(), "LOST", "extend()");
    equal(error.reason, "deleted", "the reason of the loss");
  });

  scenario("a lock without expiry is held for ever, until it is freed by force", async ({ locks, prefix }) => {
    await commands(["SET", `${prefix}a`, "by hand"]);
    equal(await locks.tryAcquire("a"), null, "tryAcquire()");
    const { held, remaining } = await locks.query("a");
    equal(held, true, "held");
    equal(remaining, Number.POSITIVE_INFINITY, "remaining");
    equal(await locks.forceRelease("a"), true, "forceRelease()");
    equal((await locks.query("a")).held, false, "held after forceRelease()");
  });

  scenario("a key that is no lock is reported, and left alone", async ({ locks, prefix }) => {
    await commands(["HSET", `${prefix}a`, "field", "value"]);
    try {
      const elapsed = stopwatch();
      for (const fence of [true, false]) {
        const error = await fails(
          locks.acquire("a", { fence, wait: "20s" }),
          "BACKEND",
          "acquire() of a key that is a hash",
        );
        includes(error.message, "WRONGTYPE", "the message of acquire()");
      }
      const error = await fails(locks.query("a"), "BACKEND", "query() of a key that is a hash");
      includes(error.message, "WRONGTYPE", "the message of query()");
      atMost(elapsed(), 12_000, "milliseconds until a refusal, which no waiting helps, was reported");
      equal(await commands(["HGET", `${prefix}a`, "field"]), "value", "what the hash holds");
    } finally {
      await commands(["DEL", `${prefix}a`]);
    }
  });
}
