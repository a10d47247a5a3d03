/** Run by node-test-fake-timers.test.ts: what docs/testing.md says of node:test's fake timers. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { dateClock } from "../../src/testing.ts";

/** Time passes in steps, and between them what was started goes on. */
async function advance(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    mock.timers.tick(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function stage() {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const store = memory();
  const clock = dateClock();
  return { ours: createLocks(store, { clock }), theirs: createLocks(store, { clock }), store };
}

test("a lease is renewed while time passes, and lost when it no longer can be", async () => {
  const { ours, theirs } = stage();
  const lease = await ours.acquire("invoice:42", { ttl: "3s", renew: true });
  await advance(6000);
  assert.equal(lease.held, true);
  await theirs.forceRelease("invoice:42");
  await advance(1500);
  assert.equal(lease.signal.reason.reason, "taken");
  mock.timers.reset();
});

test("a wait ends when its time is over, or when the holder's is", async () => {
  const { ours, theirs } = stage();
  await theirs.acquire("x", { ttl: "3s" });
  const inVain = ours.acquire("x", { wait: "2s" }).catch((error) => error);
  const inTime = ours.acquire("x", { wait: "10s" });
  await advance(2000);
  assert.equal((await inVain).code, "TIMEOUT");
  await advance(2000);
  assert.equal((await inTime).held, true);
  mock.timers.reset();
});

test("time that passes in one step, as on a blocked event loop, ends a lease", async () => {
  const { ours } = stage();
  const lease = await ours.acquire("x", { ttl: "3s", renew: true });
  mock.timers.tick(6000);
  assert.equal(lease.signal.reason.reason, "expired");
  mock.timers.reset();
});

test("without dateClock a wait goes on: performance.now is not mocked", async () => {
  const { store, theirs } = stage();
  await theirs.acquire("x", { ttl: "1h" });
  let ended = false;
  const end = () => {
    ended = true;
  };
  const controller = new AbortController();
  const waiting = createLocks(store).acquire("x", { wait: "2s", signal: controller.signal }).then(end, end);
  await advance(3000);
  assert.equal(ended, false);
  controller.abort();
  await waiting;
  mock.timers.reset();
});
