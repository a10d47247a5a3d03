import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type LocksOptions } from "../../src/index.ts";
import { type QuorumOptions, quorum } from "../../src/quorum.ts";
import { failsWith, outcome } from "../support/outcome.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";
import { answersAfter, hanging } from "./support/slow.ts";

/** Whatever ends first: the time of one store, of one command, or of the wait. */
const LIMITS: [string, LocksOptions, QuorumOptions][] = [
  ["a ttl of a minute", { ttl: "1m" }, {}],
  ["a wait that is shorter than the limit of a store", { ttl: "1h", wait: "1s" }, {}],
  ["a command that has less time than a store", { commandTimeout: "200ms" }, { timeout: "1m" }],
  ["a short ttl", { ttl: "100ms" }, {}],
];

const positions = (errors: readonly Error[]) => errors.map((error) => (error as { position?: number }).position);

function over(clock: VirtualClock, silent: number[], options: LocksOptions, quorumOptions: QuorumOptions) {
  const stores = [0, 1, 2].map((at) => (silent.includes(at) ? hanging() : answersAfter(clock, 5, memory({ clock }))));
  return createLocks(quorum(stores, quorumOptions), { ...options, clock });
}

test.each(LIMITS)("%s: an outage names each store that did not answer", async (_, options, quorumOptions) => {
  const clock = virtualClock();
  const locks = over(clock, [0, 2], options, quorumOptions);
  for (const call of ["tryAcquire", "acquire", "query", "forceRelease"] as const) {
    const error = await clock.runUntilSettled(failsWith("BACKEND", locks[call]("x")));
    expect(positions(error.errors)).toEqual([0, 2]);
    expect(error.message).toMatch(/2 of 3 stores failed: \[0\] no answer within .*; \[2\] no answer within /);
  }
  await clock.runUntilSettled(locks.close());
});

test.each(LIMITS)("%s: taken at one store of two that answer is busy, and no outage", async (_, options, settings) => {
  const clock = virtualClock();
  const [taken, free] = [memory({ clock }), memory({ clock })];
  await taken.set("lock:x", "another", { nx: true, px: 3_600_000 });
  const locks = createLocks(quorum([free, hanging(), taken], settings), { ...options, clock });
  expect(await clock.runUntilSettled(locks.tryAcquire("x"))).toBeNull();
  await clock.runUntilSettled(locks.close());
  expect(free.entries().map(({ key }) => key)).not.toContain("lock:x");
});

test("a wait that is abandoned keeps no process alive, whatever hangs", async () => {
  const clock = virtualClock();
  const locks = createLocks(quorum([memory({ clock }), hanging(), hanging()]), { clock, ttl: "1h" });
  const controller = new AbortController();
  const waiting = outcome(locks.acquire("x", { signal: controller.signal }));
  await clock.advance(1000);
  expect(clock.pending.referenced).toBeGreaterThan(0);
  controller.abort("no longer wanted");
  expect((await waiting).error).toBe("no longer wanted");
  expect(clock.pending.referenced).toBe(0);
  await clock.runUntilSettled(locks.close());
  expect(clock.pending.count).toBe(0);
});
