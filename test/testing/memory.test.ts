import { expect, test } from "vitest";
import { type MemoryTransport, memory } from "../../adapters/memory.ts";
import { type AcquireOptions, createLocks, type Transport } from "../../src/index.ts";
import { virtualClock } from "../../src/testing.ts";

test("two memories know nothing of one another; two createLocks over one exclude each other", async () => {
  const clock = virtualClock();
  const [store, another] = [memory({ clock }), memory({ clock })];
  const [ours, theirs, elsewhere] = [store, store, another].map((each) => createLocks(each, { clock }));
  expect(await ours?.tryAcquire("x")).not.toBeNull();
  expect(await theirs?.tryAcquire("x")).toBeNull();
  expect(await elsewhere?.tryAcquire("x")).not.toBeNull();
});

test("entries() shows what is stored: a lock by its token, with the time that is left", async () => {
  const clock = virtualClock();
  const store = memory({ clock });
  const lease = await createLocks(store, { clock }).acquire("x", { ttl: "30s" });
  await clock.advance(10_000);
  expect(store.entries()).toContainEqual({ key: "lock:x", value: lease.token, pttl: 20_000 });
  await clock.advance(20_001);
  expect(store.entries().map(({ key }) => key)).not.toContain("lock:x");
});

/** How long after a release another caller has the lock. */
async function wakes(over: (store: MemoryTransport) => Transport, callers: 1 | 2, options: AcquireOptions) {
  const clock = virtualClock();
  const store = over(memory({ clock }));
  const locks = Array.from({ length: callers }, () => createLocks(store, { clock, wait: "1h", ...options }));
  const held = await locks[0]?.acquire("x", { ttl: "1h" });
  const waiting = locks.at(-1)?.acquire("x") as Promise<unknown>;
  await clock.advance(60_100);
  const released = clock.monotonic();
  await held?.release();
  await clock.runUntilSettled(waiting);
  return clock.monotonic() - released;
}

test.each<[string, (store: MemoryTransport) => Transport, 1 | 2, boolean, boolean]>([
  ["two createLocks with fair: true are woken", (store) => store, 2, true, true],
  ["two createLocks poll", (store) => store, 2, false, false],
  ["callers of one poll, too", (store) => store, 1, false, false],
  ["with sharesProcess they hand over", (store) => ({ ...store, sharesProcess: true }), 1, false, true],
])("over memory: %s", async (_, over, callers, fair, atOnce) => {
  const pause = await wakes(over, callers, { fair });
  if (atOnce) expect(pause).toBe(0);
  else expect(pause).toBeGreaterThan(0);
});
