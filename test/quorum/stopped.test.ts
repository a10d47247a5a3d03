import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createLocks, type Locks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { noUnhandledRejections, outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import type { TcpClient } from "../support/tcp-clients.ts";
import { type Patience, patience } from "./support/patience.ts";
import { type RealStores, realStores } from "./support/stores.ts";

const TTL = 30_000;

noUnhandledRejections();
let real: RealStores;
let clients: TcpClient[];
const stopped = new Set<number>();

beforeAll(async () => {
  real = await realStores(5);
  clients = await real.clients();
  await Promise.all(clients.map(({ transport }) => transport.eval("return 'ready'", [], [])));
});
beforeEach(() => signal("SIGCONT", ...stopped));
afterAll(() => real.stop());

async function signal(how: "SIGSTOP" | "SIGCONT", ...positions: number[]): Promise<void> {
  for (const at of positions) {
    await real.stores[at]?.server.kill(how);
    if (how === "SIGSTOP") stopped.add(at);
    else stopped.delete(at);
  }
}

/** Locks over all five; who has been stopped is not waited for. */
function locksIn(time: Patience): Locks {
  const parts = clients.map(({ transport }, at) => time.over(transport, () => !stopped.has(at)));
  return createLocks(quorum(parts, { maxTtl: 0 }), { ttl: TTL, wait: 0, clock: time.clock });
}

const nothingLeft = (name: string) =>
  until(async () => !(await real.leftovers(`lock:${name}`)).length, `keys of ${name} are left`);

test("two of five stopped: a lock is taken, held, renewed and released as ever", async () => {
  const time = patience();
  const locks = locksIn(time);
  const before = await time.settle(locks.acquire("before", { renew: true }));
  await signal("SIGSTOP", 1, 3);
  const meanwhile = await time.settle(locks.acquire("meanwhile", { renew: true }));
  for (const lease of [before, meanwhile]) {
    expect(await time.settle(locksIn(time).tryAcquire(lease.name))).toBeNull();
    await time.pass(3 * TTL);
    expect(lease.held).toBe(true);
    expect(await time.settle(lease.verify())).toBe(true);
    expect(await time.settle(lease.release())).toBe(true);
    expect(await time.settle((await time.settle(locks.acquire(lease.name))).release())).toBe(true);
  }
  await signal("SIGCONT", 1, 3);
  for (const { name } of [before, meanwhile]) await nothingLeft(name);
  await time.settle(locks.close());
});

test.each([
  ["released while they stand still", true],
  ["left to close()", false],
])("three of five stopped: the signal fires before the ttl, nobody else gets in; %s", async (how, released) => {
  const time = patience();
  const [locks, others] = [locksIn(time), locksIn(time)];
  const name = `majority, ${how}`;
  const asked = time.clock.monotonic();
  const lease = await time.settle(locks.acquire(name, { renew: true }));
  let lostAt = 0;
  lease.signal.addEventListener("abort", () => {
    lostAt = time.clock.monotonic();
  });
  await time.pass(TTL / 2);
  expect(lease.held).toBe(true);
  const renewed = time.clock.monotonic();
  await signal("SIGSTOP", 0, 2, 4);
  const attempts = [];
  while (!lostAt) {
    attempts.push((await time.settle(outcome(others.tryAcquire(name)))).error);
    await time.pass(1000);
  }
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "unreachable" });
  expect(lostAt - asked).toBeGreaterThan(TTL);
  expect(lostAt - renewed).toBeLessThan(TTL);
  expect(attempts.length).toBeGreaterThan(1);
  for (const error of attempts) expect(error).toMatchObject({ code: "BACKEND", errors: { length: 3 } });

  if (released) await time.settle(outcome(lease.release()));
  await time.settle(locks.close());
  await time.settle(others.close());
  await signal("SIGCONT", 0, 2, 4);
  if (released) return nothingLeft(name);
  // What nobody gives back, the ttl frees.
  const lives = await Promise.all(real.stores.map(({ redis }) => redis.send("PTTL", `lock:${name}`)));
  for (const life of lives.map(Number)) expect(life > 0 && life <= TTL).toBe(true);
});
