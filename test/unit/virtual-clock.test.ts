import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test, vi } from "vitest";
import { virtualClock } from "../support/virtual-clock.ts";

test("timers run in order, each at its own time, and promise chains settle between them", async () => {
  const clock = virtualClock();
  const start = clock.monotonic();
  const seen: string[] = [];
  const note = (what: string) => void seen.push(`${what}@${clock.monotonic() - start}`);
  clock.timer(20, () => note("b"));
  clock.timer(10, () => {
    note("a");
    void Promise.resolve()
      .then(() => {})
      .then(() => clock.timer(5, () => note("from a promise")));
  });
  clock.timer(20, () => note("c"));
  clock.timer(31, () => note("too late"));
  await clock.advance(30);
  expect(seen).toEqual(["a@10", "from a promise@15", "b@20", "c@20"]);
  expect(clock.monotonic() - start).toBe(30);
  expect(clock.pending).toEqual({ count: 1, referenced: 1, unreferenced: 0 });
});

test("a cancelled timer does not run, an unreferenced one does", async () => {
  const clock = virtualClock();
  let ran = 0;
  clock.timer(10, () => ran++).cancel();
  clock.timer(10, () => ran++).unref();
  expect(clock.pending).toEqual({ count: 1, referenced: 0, unreferenced: 1 });
  await clock.advance(10);
  expect(ran).toBe(1);
});

test("while the event loop is blocked time passes and nothing runs", async () => {
  const clock = virtualClock();
  const start = { mono: clock.monotonic(), wall: clock.now() };
  let at = 0;
  clock.timer(10, () => {
    at = clock.monotonic();
  });
  clock.block(50);
  expect([clock.monotonic() - start.mono, clock.now() - start.wall, at]).toEqual([50, 50, 0]);
  await clock.advance(0);
  expect(at - start.mono).toBe(50);
});

test("the wall clock jumps alone", () => {
  const clock = virtualClock();
  const start = { mono: clock.monotonic(), wall: clock.now() };
  clock.jumpWall(-3_600_000);
  expect([clock.monotonic() - start.mono, clock.now() - start.wall]).toEqual([0, -3_600_000]);
});

test("it runs until a promise has settled, and says so when none of its timers can do that", async () => {
  const clock = virtualClock();
  const start = clock.monotonic();
  const slept = new Promise<string>((resolve) => clock.timer(12_345, () => resolve("slept")));
  expect(await clock.runUntilSettled(slept)).toBe("slept");
  expect(clock.monotonic() - start).toBe(12_345);
  await expect(clock.runUntilSettled(new Promise(() => {}))).rejects.toThrow("no timer is left");
  await expect(clock.runUntilSettled(Promise.reject(new Error("as it did")))).rejects.toThrow("as it did");
});

test("the same seed gives the same randomness", () => {
  const [one, same, other] = [virtualClock(7), virtualClock(7), virtualClock(8)];
  expect(one.randomBytes(8)).toEqual(same.randomBytes(8));
  expect(one.random()).toBe(same.random());
  expect(other.random()).not.toBe(virtualClock(7).random());
});

test("what a timer calls runs in the context of who moves the clock", async () => {
  const clock = virtualClock();
  const storage = new AsyncLocalStorage<string>();
  let seen: string | undefined;
  storage.run("who started it", () =>
    clock.timer(10, () => {
      seen = storage.getStore();
    }),
  );
  await storage.run("who moves it", () => clock.advance(10));
  expect(seen).toBe("who moves it");
});

test("fake timers that are put in later do not stop it", async () => {
  const clock = virtualClock();
  vi.useFakeTimers();
  try {
    let ran = 0;
    clock.timer(10, () => ran++);
    await clock.advance(10);
    expect(ran).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
