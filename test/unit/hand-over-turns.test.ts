import { beforeAll, expect, test } from "vitest";
import type { LockTimeoutError } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { processes } from "../support/processes.ts";

beforeAll(() => import("../../src/contention.ts"));

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
  const { clock, locks, remote, sleep } = processes();
  const hold = 2100;
  let over = false;
  const worker = async () => {
    while (!over) await locks.request("x", { wait: "1h" }, () => sleep(hold));
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

test("nobody here asks while a release is under way that may free the lock for who waits elsewhere", async () => {
  const { clock, network, locks, remote } = processes();
  const held = await locks.acquire("x", { ttl: "1m" });
  const here = locks.acquire("x", { wait: "1m", retry: () => 100 });
  // In the last second of its wait each asks for itself.
  const last = rejection(locks.acquire("x", { wait: "2s", retry: () => 70 }));
  await clock.advance(400);
  const there = remote.acquire("x", { wait: "1m", retry: () => 900 });
  await clock.advance(1_090);
  network.treat = ({ command }) => (command === "hand" ? { answers: 90 } : undefined);
  const released = held.release();
  await clock.advance(90);
  expect(await released).toBe(true);
  await clock.advance(1_000);
  const lease = await there;
  expect(await last).toMatchObject({ code: "TIMEOUT" });
  expect(await lease.release()).toBe(true);
  expect((await clock.runUntilSettled(here)).held).toBe(true);
});

test("and they ask again at once when it handed nothing over, and freed nothing", async () => {
  const { clock, network, locks, remote } = processes();
  const late = await locks.acquire("x", { ttl: "1s" });
  const here = locks.acquire("x", { wait: "1m", retry: () => 100 });
  await clock.advance(950);
  network.treat = ({ command }) => (command === "hand" ? { arrives: 80 } : undefined);
  const released = late.release();
  await clock.advance(80);
  expect(await released).toBe(false);
  await clock.advance(120);
  expect((await here).held).toBe(true);
  expect(await remote.tryAcquire("x")).toBeNull();
});

test("a wait that is over while it is another's turn is no outage", async () => {
  const { clock, network, locks, remote } = processes();
  const held = await locks.acquire("x", { ttl: "1m" });
  const there = remote.acquire("x", { wait: "1m", retry: () => 900 });
  await clock.advance(600);
  const here = locks.acquire("x", { wait: "1m" });
  await clock.advance(0);
  expect(await held.release()).toBe(true);
  const asked = network.sent("acquire");
  expect(await clock.runUntilSettled(rejection(locks.acquire("x", { wait: "200ms" })))).toMatchObject({
    code: "TIMEOUT",
  });
  expect(network.sent("acquire")).toBe(asked);
  await (await clock.runUntilSettled(there)).release();
  expect((await clock.runUntilSettled(here)).held).toBe(true);
});

test("a clean-up that is answered when others have come forgets none of them", async () => {
  const { clock, network, locks, remote } = processes();
  network.treat = ({ command, nth }) => {
    if (command === "acquire") return { answers: nth === 1 ? 30 : 20 };
    return command === "release" && nth === 1 ? { answers: 50 } : undefined;
  };
  const abort = new AbortController();
  const gone = rejection(locks.acquire("x", { signal: abort.signal }));
  await clock.advance(10);
  abort.abort(new Error("no longer"));
  await gone;
  const held = await remote.tryAcquire("x");
  const first = locks.acquire("x", { wait: "1h", retry: () => 100 });
  const second = locks.acquire("x", { wait: "1h", retry: () => 100 });
  await clock.advance(100);
  await held?.release();
  await clock.advance(200);
  expect(await (await first).release()).toBe(true);
  await clock.advance(200);
  expect((await second).held).toBe(true);
});

test("in its last second each asks Redis itself, however often the lock is handed over beside it", async () => {
  const { clock, locks, sleep } = processes();
  const before = Array.from({ length: 60 }, () => locks.request("x", { wait: "1h" }, () => sleep(50)));
  await clock.advance(1);
  const error = rejection(locks.acquire("x", { wait: "2s", retry: () => 30 }));
  await clock.advance(2_500);
  const { code, attempts } = (await error) as LockTimeoutError;
  expect(code).toBe("TIMEOUT");
  expect(attempts).toBeGreaterThan(10);
  await clock.runUntilSettled(Promise.all(before));
});

test("an expiry that passes while an answer is on its way is not slept past by the line", async () => {
  const { clock, network, locks, remote } = processes();
  network.treat = ({ command, nth }) => (command === "acquire" && nth === 2 ? { answers: 50 } : undefined);
  await remote.acquire("x", { ttl: "1s" });
  const began = clock.monotonic();
  const retry = (attempt: number) => (attempt === 1 ? 990 : 3_600_000);
  await clock.runUntilSettled(locks.acquire("x", { wait: "2h", retry }));
  expect(clock.monotonic() - began).toBeLessThan(1_100);
});
