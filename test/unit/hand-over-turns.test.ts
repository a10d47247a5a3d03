import { beforeAll, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { virtualClock } from "../support/virtual-clock.ts";

beforeAll(() => import("../../src/contention.ts"));

/** One process whose callers share a line, and another that has its own. */
function processes() {
  const clock = virtualClock(1);
  const store = { ...memory({ clock }), sharesProcess: true };
  return { clock, locks: createLocks(store, { clock }), remote: createLocks(store, { clock }) };
}

test("a release that comes when its lease is over does not make the line stand back", async () => {
  const { clock, locks, remote } = processes();
  const late = await locks.acquire("x", { ttl: "100ms" });
  await clock.advance(150);
  const other = await remote.acquire("x");
  const began = clock.monotonic();
  const waits = locks.acquire("x", { wait: "1m", retry: () => 300 });
  await clock.advance(100);
  expect(await late.release()).toBe(false);
  await other.release();
  await clock.runUntilSettled(waits);
  expect(clock.monotonic() - began).toBeLessThanOrEqual(400);
});

test("who waits elsewhere has its turn after half a second, one hold and its own pause, also where holds are long", async () => {
  const { clock, locks, remote } = processes();
  const hold = 2100;
  let over = false;
  const work = () => new Promise<void>((resolve) => void clock.timer(hold, () => resolve()));
  const worker = async () => {
    while (!over) await locks.request("x", { wait: "1h" }, work);
  };
  const workers = Array.from({ length: 3 }, worker);
  await clock.advance(100);
  for (let turn = 0; turn < 20; turn++) {
    const began = clock.monotonic();
    const lease = await clock.runUntilSettled(remote.acquire("x", { wait: "1h" }));
    expect(clock.monotonic() - began).toBeLessThanOrEqual(500 + hold + 1000 + 20);
    await lease.release();
  }
  over = true;
  await clock.runUntilSettled(Promise.all(workers));
});
