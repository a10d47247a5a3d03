import { afterEach, expect, test, vi } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { virtualClock } from "../../src/testing.ts";
import { rejection } from "../support/bench.ts";

afterEach(() => void vi.useRealTimers());

/** What a wait for a lock that is held does, at random: its token, and when it asks. */
async function wait(seed?: number): Promise<unknown[]> {
  const clock = virtualClock(seed);
  const store = memory({ clock });
  const held = await createLocks(store, { clock }).acquire("x", { ttl: "1h" });
  const asked: number[] = [];
  const network = {
    ...store,
    eval: (...args: Parameters<typeof store.eval>) => {
      asked.push(clock.monotonic());
      return store.eval(...args);
    },
  };
  await clock.runUntilSettled(rejection(createLocks(network, { clock }).acquire("x", { fair: false })));
  return [held.token, asked];
}

test("the same seed gives the same jitter and the same tokens", async () => {
  expect(await wait(7)).toEqual(await wait(7));
  expect(await wait()).toEqual(await wait(1));
  const [[token, asked], [otherToken, otherAsked]] = [await wait(7), await wait(8)];
  expect(otherToken).not.toBe(token);
  expect(otherAsked).not.toEqual(asked);
});

test("it moves only what was given it: a memory without it keeps its own time, and so does another clock", async () => {
  const clock = virtualClock();
  const fired = vi.fn();
  virtualClock().timer(1, fired);
  const store = memory();
  const locks = createLocks(store, { clock });
  const lease = await locks.acquire("x", { ttl: "1h" });
  await clock.advance(7_200_000);
  expect(lease.held).toBe(false);
  expect(await locks.tryAcquire("x")).toBeNull();
  expect(fired).not.toHaveBeenCalled();
});

test("two of one seed give the same tokens, so that one is taken for the other; of two seeds they do not", async () => {
  const store = memory({ clock: virtualClock() });
  const [first, second, third] = [1, 1, 2].map((seed) => createLocks(store, { clock: virtualClock(seed) }));
  const lease = await first?.acquire("x");
  expect((await second?.tryAcquire("x"))?.token).toBe(lease?.token);
  expect(await third?.tryAcquire("x")).toBeNull();
});

test("one that is made after fake timers stands still, because a fake setImmediate never calls back", async () => {
  const turn = setImmediate;
  vi.useFakeTimers();
  const settled = vi.fn();
  void virtualClock().advance(10).then(settled);
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => turn(() => resolve(undefined)));
  expect(settled).not.toHaveBeenCalled();
});
