import { beforeAll, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { read, tableUnder } from "./markdown.ts";

beforeAll(() => import("../../src/contention.ts"));

/** How long somebody elsewhere waits while four callers of one process hand the lock on. */
async function remoteWait(hold: number, seed: number): Promise<number> {
  const clock = virtualClock(seed);
  const store = memory({ clock });
  const options = { clock, wait: "1h" } as const;
  const here = createLocks({ ...store, sharesProcess: true }, options);
  const remote = createLocks(store, options);
  let busy = true;
  async function work(): Promise<void> {
    while (busy) {
      const lease = await here.acquire("x");
      await new Promise<void>((resolve) => void clock.timer(hold, resolve));
      await lease.release();
    }
  }
  const callers = [1, 2, 3, 4].map(work);
  await clock.advance(hold * 1.5 + seed * 7);
  const began = clock.monotonic();
  const lease = await clock.runUntilSettled(remote.acquire("x"));
  const waited = clock.monotonic() - began;
  busy = false;
  await lease.release();
  await clock.runUntilSettled(Promise.all(callers));
  return waited;
}

test.each([5, 200, 800, 1000, 1500, 5000, 20_000])(
  "holds of %i ms: a remote waiter has its turn in the time that the table says",
  async (hold) => {
    const [[who, bound] = []] = tableUnder(read("docs/guarantees.md"), "Hand-over in one process");
    expect(who).toContain("holds of up to half a minute");
    expect(bound).toMatch(/^half a second, and one hold, and its own pause \(up to 1 s\)/);
    for (let seed = 1; seed <= 25; seed++)
      expect(await remoteWait(hold, seed)).toBeLessThanOrEqual(500 + hold + 1000 + 5);
  },
);
