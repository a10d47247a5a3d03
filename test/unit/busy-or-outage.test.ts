import { describe, expect, test } from "vitest";
import { LockBackendError, LockTimeoutError } from "../../src/index.ts";
import { bench, lockKeys, rejection } from "../support/bench.ts";
import { LOST_REPLY } from "../support/wire.ts";

const DOWN = { refuses: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:6379"), { code: "ECONNREFUSED" }) };

describe("a wait that ends without the lock", () => {
  test("is an outage when Redis never answered", async () => {
    const { clock, locks, network } = bench();
    network.treat = () => DOWN;
    const error = await clock.runUntilSettled(rejection(locks.acquire("x")));
    expect(error).toBeInstanceOf(LockBackendError);
    expect(network.sent("acquire")).toBeGreaterThan(5);
  });

  test("is a timeout when Redis said once that another holds it, whether before the outage or after", async () => {
    for (const answered of [1, 6]) {
      const { clock, locks, rival, network } = bench();
      await rival.acquire("x", { owner: "job 7" });
      network.treat = ({ command, nth }) => (command === "acquire" && nth !== answered ? DOWN : undefined);
      const began = clock.monotonic();
      const error = await clock.runUntilSettled(rejection(locks.acquire("x")));
      expect(error).toBeInstanceOf(LockTimeoutError);
      expect(error).toMatchObject({
        code: "TIMEOUT",
        lockName: "x",
        holder: "job 7",
        attempts: network.sent("acquire"),
        waited: Math.round(clock.monotonic() - began),
      });
    }
  });

  test("has no holder when the holder has no label", async () => {
    const { clock, locks, rival } = bench();
    await rival.acquire("x");
    expect(await clock.runUntilSettled(rejection(locks.acquire("x", { wait: 0 })))).toMatchObject({
      code: "TIMEOUT",
      holder: undefined,
    });
  });

  test("is a timeout against whatever else is at the key", async () => {
    const { clock, locks, store } = bench();
    await store.set("lock:x", "f47ac10b-58cc-4372-a567-0e02b2c3d479", { nx: true, px: 60_000 });
    expect(await clock.runUntilSettled(rejection(locks.acquire("x")))).toMatchObject({
      code: "TIMEOUT",
      holder: undefined,
    });
  });
});

describe("tryAcquire", () => {
  test("is null after one request and no sleep when another holds the lock", async () => {
    const { clock, locks, rival, network } = bench();
    await rival.acquire("x");
    const began = clock.monotonic();
    expect(await locks.tryAcquire("x")).toBe(null);
    expect(network.calls.map(({ command }) => command)).toEqual(["acquire"]);
    expect(clock.monotonic()).toBe(began);
    await clock.advance(0);
    expect(network.calls).toHaveLength(1);
    expect(clock.pending.referenced).toBe(0);
  });

  test("asks twice when an unfenced attempt was answered null, unless it may send one request only", async () => {
    const { locks, rival, network } = bench({ fence: false });
    await rival.acquire("x");
    expect(await locks.tryAcquire("x")).toBe(null);
    expect(network.calls.map(({ command }) => command)).toEqual(["set", "acquire"]);
    expect(await locks.tryAcquire("x", { maxAttempts: 1 })).toBe(null);
    expect(network.calls).toHaveLength(3);
  });

  test.each([
    ["the server is down", DOWN],
    ["the server is not ready", { refuses: new Error("LOADING Redis is loading the dataset in memory") }],
    ["the connection broke", { throws: new Error("socket hang up") }],
    ["the answer is lost", LOST_REPLY],
  ])("rejects when %s, and leaves nothing behind", async (what, treatment) => {
    const { clock, locks, network, store } = bench();
    network.treat = ({ command }) => (command === "acquire" ? treatment : undefined);
    const error = await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
    expect(error).toBeInstanceOf(LockBackendError);
    await clock.advance(0);
    expect(network.sent("acquire")).toBe(1);
    // A refused connection proves nothing: the client may have tried before, and lost the answer.
    expect(network.sent("release")).toBe(what === "the server is not ready" ? 0 : 1);
    expect(lockKeys(store)).toEqual([]);
    expect(clock.pending.count).toBe(0);
  });
});

describe("an error of Redis'", () => {
  test.each([
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOPERM this user has no permissions to run the 'eval' command",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "ERR max requests limit exceeded. Limit: 500000, Usage: 500000.",
    "ERR Error running script (call to f_1): @user_script:12: WRONGTYPE Operation against a key",
    "ERR unknown command 'EVAL', with args beginning with:",
  ])("that waiting cannot mend ends the wait at once: %s", async (text) => {
    const { clock, locks, network } = bench();
    network.treat = () => ({ refuses: new Error(text) });
    const began = clock.monotonic();
    expect(await rejection(locks.acquire("x"))).toMatchObject({ code: "BACKEND" });
    expect(clock.monotonic()).toBe(began);
    await clock.advance(0);
    expect(network.calls).toHaveLength(1);
    expect(clock.pending.count).toBe(0);
  });

  test.each([
    "READONLY You can't write against a read only replica.",
    "LOADING Redis is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOSCRIPT No matching script. Please use EVAL.",
  ])("that passes is waited out: %s", async (text) => {
    const { clock, locks, network } = bench();
    network.treat = ({ command, nth }) =>
      command === "acquire" && nth <= 3 ? { refuses: new Error(text) } : undefined;
    const lease = await clock.runUntilSettled(locks.acquire("x"));
    expect(lease.held).toBe(true);
    expect(network.calls).toHaveLength(4);
  });

  test("that a transport marks as definitive is not asked again and not cleaned up", async () => {
    const { locks, network } = bench();
    network.treat = () => ({ refuses: Object.assign(new Error("403 by the firewall"), { definitive: true }) });
    expect(await rejection(locks.acquire("x"))).toMatchObject({ code: "BACKEND" });
    expect(network.calls).toHaveLength(1);
  });
});

describe("a malformed reply is no grant", () => {
  const MALFORMED: unknown[] = [
    null, "OK", "granted", 1, true, "", "<html>502</html>", '"Aborted"', {}, [], ["granted"], ["granted", 30_000],
    ["granted", 30_000, "1700000000000000"], ["granted", 30_000, "", "="], ["granted", 30_000, "0", "="],
    ["granted", 30_000, "-1", "="], ["granted", 30_000, "1.5", "="], ["granted", 30_000, "9007199254740993", "="],
    ["granted", "soon", "1", "="], ["granted", null, "1", "="], ["granted", 1.5, "1", "="], ["granted", -1, "1", "="],
    ["granted", 30_000, "1", ""], ["granted", 30_000, "1", null], ["GRANTED", 30_000, "1", "="],
    ["held", 30_000, "1", "="], [["granted", 30_000, "1", "="]], ["granted", 30_000, "1", "=", "more"],
    { 0: "granted", 1: 30_000, 2: "1", 3: "=", length: 4 },
  ]; // biome-ignore format: a list of replies

  test.each(MALFORMED.map((reply) => [reply]))("%j", async (reply) => {
    const { clock, locks, network, store } = bench();
    network.treat = ({ command }) => (command === "acquire" ? { says: reply } : undefined);
    const error = await rejection(locks.tryAcquire("x"));
    expect(error).toMatchObject({ code: "BACKEND" });
    await clock.advance(0);
    expect(network.sent("release")).toBe(1);
    expect(lockKeys(store)).toEqual([]);
  });

  test.each([[1], [true], ["ok"], ["QUEUED"], [{}], [[]], [""], ['"OK"'], ["<html>"]])(
    "to a plain SET: %j",
    async (reply) => {
      const { clock, locks, network, store } = bench({ fence: false });
      network.treat = ({ command }) => (command === "set" ? { says: reply } : undefined);
      expect(await rejection(locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
      await clock.advance(0);
      expect(lockKeys(store)).toEqual([]);
    },
  );
});

test.each([["<html>502</html>"], [[]], [["0", "=lock:x"]], [[0]], [[["=0"]]], [null]])(
  "a page of list() that is %j is an outage, after it was asked for again",
  async (says) => {
    const all = bench();
    all.network.treat = ({ command }) => (command === "scan" ? { says } : undefined);
    const next = all.locks.list()[Symbol.asyncIterator]().next();
    expect(await all.clock.runUntilSettled(rejection(next))).toMatchObject({ code: "BACKEND" });
    expect(all.network.sent("scan")).toBeGreaterThan(1);
  },
);
