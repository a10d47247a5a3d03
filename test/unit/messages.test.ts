import { expect, test } from "vitest";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE, type Treatment } from "../support/wire.ts";

/** What a new user sees, and the words without which it would not help: what happened, then what to do. */
const CASES: [string, Treatment, RegExp][] = [
  [
    "Redis is down",
    { refuses: Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" }) },
    /ECONNREFUSED.*(up|reachable|address)/,
  ],
  [
    "the host does not exist",
    { refuses: new Error("getaddrinfo ENOTFOUND redis.example") },
    /ENOTFOUND redis\.example.*address/,
  ],
  ["nothing answers", BLACK_HOLE, /no answer within \d+ ms.*(up|reachable).*\./],
  ["no password", { refuses: new Error("NOAUTH Authentication required.") }, /NOAUTH.*password/],
  [
    "a wrong password",
    { refuses: new Error("WRONGPASS invalid username-password pair or user is disabled.") },
    /WRONGPASS.*password/,
  ],
  [
    "a wrong REST token",
    { refuses: Object.assign(new Error("HTTP 401: Unauthorized"), { definitive: true }) },
    /401.*token/,
  ],
  [
    "a user without rights",
    { refuses: new Error("NOPERM User app has no permissions to run the 'evalsha' command") },
    /NOPERM.*evalsha.*[Aa]llow.*eval/,
  ],
  [
    "something else at the key",
    { refuses: new Error("WRONGTYPE Operation against a key holding the wrong kind of value") },
    /WRONGTYPE.*at this key.*(name|prefix)/,
  ],
  ["a full Redis", { refuses: new Error("OOM command not allowed when used memory > 'maxmemory'.") }, /OOM.*maxmemory/],
  [
    "a used up quota",
    { refuses: new Error("ERR max requests limit exceeded. Limit: 500000, Usage: 500000.") },
    /500000.*(quota|poll less)/,
  ],
  [
    "too many requests",
    { refuses: Object.assign(new Error("HTTP 429: Too Many Requests"), { definitive: true }) },
    /429.*(later|poll less)/i,
  ],
  ["a replica", { refuses: new Error("READONLY You can't write against a read only replica.") }, /READONLY.*master/],
  [
    "a server that is starting",
    { refuses: new Error("LOADING Redis is loading the dataset in memory") },
    /LOADING.*later/,
  ],
  ["an old server", { refuses: new Error("ERR unknown command 'EVALSHA'") }, /unknown command.*6\.2/],
  ["a proxy's page", { says: "<html>502 Bad Gateway</html>" }, /not? an(y)? answer.*502/i],
];

test.each(CASES)("%s: the message says what happened and what to do", async (_, treatment, expected) => {
  const { clock, locks, network } = bench();
  network.treat = () => treatment;
  const error = (await clock.runUntilSettled(rejection(locks.acquire("invoice:42", { wait: "2s" })))) as Error;
  expect(error).toMatchObject({ name: "LockBackendError", lockName: "invoice:42" });
  expect(error.message).toMatch(/^Redis did not grant .*"invoice:42"/);
  expect(error.message).toMatch(expected);
  expect(error.message.length).toBeLessThan(400);
});

test("the lock is held: who has it, how long was waited, what to do", async () => {
  const { clock, locks, rival } = bench();
  await rival.acquire("invoice:42", { owner: "worker 7" });
  const error = (await clock.runUntilSettled(rejection(locks.acquire("invoice:42", { wait: "2s" })))) as Error;
  expect(error.message).toMatch(/"invoice:42".*held.*"worker 7".*\d{4} ms.*(longer|later)/);
});

test.each([
  ["expired", /ttl.*renew/],
  ["taken", /somebody else/],
  ["max-hold", /maxHold.*extend/],
  ["closed", /close\(\)/],
])("the lock is lost (%s): why, and what to look for", async (reason, expected) => {
  const { clock, locks, rival } = bench({ ttl: "9s" });
  const lease = await locks.acquire("invoice:42", { renew: reason !== "expired", maxHold: "30s" });
  if (reason === "taken") await rival.forceRelease("invoice:42");
  if (reason === "closed") await clock.runUntilSettled(locks.close());
  await clock.advance(60_000);
  expect(lease.signal.reason).toMatchObject({ reason });
  expect(lease.signal.reason.message).toMatch(/"invoice:42" was lost/);
  expect(lease.signal.reason.message).toMatch(expected);
});

test("other methods say what they were asked", async () => {
  const { clock, locks, network } = bench();
  const lease = await locks.acquire("x");
  network.treat = () => ({ refuses: new Error("NOAUTH Authentication required.") });
  const asked: [() => Promise<unknown>, RegExp][] = [
    [() => lease.extend(), /did not extend/],
    [() => lease.verify(), /did not verify/],
    [() => lease.release(), /did not release/],
    [() => locks.query("x"), /did not (report|query)/],
    [() => locks.forceRelease("x"), /did not (free|force)/],
  ];
  for (const [ask, expected] of asked) {
    expect(((await clock.runUntilSettled(rejection(ask()))) as Error).message).toMatch(expected);
  }
});

test("Redis' own full stop is not doubled", async () => {
  const { locks, network } = bench();
  network.treat = () => ({ refuses: new Error("NOAUTH Authentication required.") });
  expect(((await rejection(locks.acquire("x"))) as Error).message).not.toContain("..");
});

test("an attempt that the end of the wait cut short does not hide what those before it were told", async () => {
  const { clock, locks, network } = bench();
  const end = clock.monotonic() + 2000;
  network.treat = ({ at }) =>
    at > end - 15 ? BLACK_HOLE : { refuses: new Error("READONLY You can't write against a read only replica.") };
  const error = (await clock.runUntilSettled(rejection(locks.acquire("x", { wait: "2s" })))) as Error;
  expect(network.calls.at(-1)?.at).toBeGreaterThan(end - 15);
  expect(error.message).toMatch(/READONLY.*master/);
});
