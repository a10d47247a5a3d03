import { afterAll, beforeAll, expect, test } from "vitest";
import { createLocks, type Transport } from "../../src/index.ts";
import { type QuorumOptions, quorum } from "../../src/quorum.ts";
import { VOTE } from "../../src/quorum-scripts.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import type { TcpClient } from "../support/tcp-clients.ts";
import { type Patience, patience } from "./support/patience.ts";
import { type RealStores, realStores } from "./support/stores.ts";
import { DAY, runningFor } from "./support/uptime.ts";

const HOUR = 3_600_000;

noUnhandledRejections();
let real: RealStores;
let clients: TcpClient[];
beforeAll(async () => {
  real = await realStores(3);
  clients = await real.clients();
});
afterAll(() => real.stop());

const locksIn = (time: Patience, transports: Transport[], settings: QuorumOptions = {}) =>
  createLocks(
    quorum(
      transports.map((each) => time.over(each)),
      settings,
    ),
    { wait: 0, ttl: "30m", clock: time.clock },
  );

/** They were just started, and say so themselves. */
const fresh = () => clients.map(({ transport }) => transport);
const aged = (seconds = DAY) => fresh().map((transport) => runningFor(seconds, transport));

test("servers that were just started do not count, and the error says so, and until when", async () => {
  const time = patience();
  const locks = locksIn(time, fresh());
  const error = await time.settle(failsWith("BACKEND", locks.tryAcquire("x")));
  expect(error.errors).toHaveLength(2);
  for (const { message } of error.errors) {
    expect(message).toMatch(/^it has been running for \d+ s, and may have forgotten a lock$/);
  }
  expect(error.message).toMatch(/It counts after 1800000 ms, the maxTtl\.$/);
  await time.quiet();
  expect(await real.values("lock:x")).toEqual([null, null, null]);
  await time.settle(locks.close());
});

test.each([
  ["maxTtl: 0, no server ever forgets", () => locksIn(time(), fresh(), { maxTtl: 0 })],
  ["a majority has been running for longer", () => locksIn(time(), [...aged().slice(1), fresh()[0]!])],
  ["all have been running for the ttl", () => locksIn(time(), aged(1801))],
])("granted: %s", async (_, make) => {
  const locks = make();
  const lease = await current.settle(locks.acquire("counts"));
  expect(await current.settle(lease.release())).toBe(true);
  expect(await real.values("lock:counts")).toEqual([null, null, null]);
  await current.settle(locks.close());
});

test("a declared maxTtl counts instead of the ttl of the call", async () => {
  const clock = time();
  const locks = locksIn(clock, aged(1802), { maxTtl: "1h" });
  const error = await clock.settle(failsWith("BACKEND", locks.tryAcquire("declared")));
  expect(error.message).toMatch(/running for 1801 s.* counts after 3600000 ms/);
  await clock.settle(locks.close());
});

test("a server that was seen before its restart waits, whatever uptime it then says", async () => {
  const clock = time();
  // The clock of the restarted servers jumped a day ahead.
  const locks = locksIn(clock, aged(), { maxTtl: "1h" });
  await clock.settle((await clock.settle(locks.acquire("seen"))).release());
  await clock.pass(HOUR);
  await Promise.all([0, 2].map((at) => real.stores[at]!.restart()));
  const refused = () => clock.settle(failsWith("BACKEND", locks.tryAcquire("seen")));
  // Nobody asked for an hour: it may have been restarted just after it was seen.
  const lease = await clock.settle(locks.acquire("seen"));
  expect(await clock.settle(lease.release())).toBe(true);

  await Promise.all([0, 2].map((at) => real.stores[at]!.restart()));
  expect((await refused()).errors).toHaveLength(2);
  await clock.pass(HOUR - 10_000);
  expect((await refused()).message).toMatch(/may have forgotten/);
  await clock.pass(10_000);
  expect(await clock.settle((await clock.settle(locks.acquire("seen"))).release())).toBe(true);
  await clock.settle(locks.close());
});

test.each([
  ["-3600", "the server's clock was set back after its start"],
  ["0", "it was started this second"],
])("an uptime of %s is young: %s", async (uptime) => {
  const clock = time();
  // The script itself, with this answer in the place of INFO.
  const info = `'# Server\\r\\nrun_id:0123abc\\r\\nuptime_in_seconds:${uptime}\\r\\n'`;
  const script = VOTE.replace("redis.pcall('INFO', 'server')", info);
  expect(script).not.toBe(VOTE);
  const transports = fresh().map(({ set, eval: run }) => ({
    set,
    eval: (asked: string, keys: string[], args: string[]) => run(asked === VOTE ? script : asked, keys, args),
  }));
  const locks = locksIn(clock, transports);
  const error = await clock.settle(failsWith("BACKEND", locks.tryAcquire("uptime")));
  expect(error.message).toMatch(/running for 0 s/);
  await clock.settle(locks.close());
});

test("a user who must not run INFO cannot tell: the store counts", async () => {
  const clock = time();
  const users = ["on", ">word", "~*", "+@all", "-info"];
  await Promise.all(real.stores.map(({ redis }) => redis.send("ACL", "SETUSER", "limited", ...users)));
  const urls = real.stores.map(({ server }) => server.url.replace("//", "//limited:word@"));
  const limited = await real.clients(urls, ["node-redis"]);
  const locks = locksIn(
    clock,
    limited.map(({ transport }) => transport),
  );
  const lease = await clock.settle(locks.acquire("limited"));
  expect(await clock.settle(lease.release())).toBe(true);
  await clock.settle(locks.close());
});

let current: Patience;
function time(): Patience {
  current = patience();
  return current;
}
