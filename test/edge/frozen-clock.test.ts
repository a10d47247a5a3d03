import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MemoryTransport, memory } from "../../adapters/memory.ts";
import { createLocks, isLockError, type Lease, type Locks } from "../../src/index.ts";
import { rejection } from "../support/bench.ts";
import { outcome } from "../support/outcome.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";
import { wire } from "../support/wire.ts";
import { type FrozenClock, frozenClock } from "./support/frozen-clock.ts";

/** A Worker with a clock that stands still between I/O, and a rival whose clock moves, over one store. */
function world(base: "last I/O" | "true time" = "last I/O", latency = 0) {
  const time = virtualClock();
  const store = memory({ clock: time });
  const network = wire(store, time, () => ({ arrives: latency, answers: latency }));
  const clock = frozenClock(time, base);
  const locks = createLocks(clock.over(network), { clock });
  const rival = createLocks(store, { clock: time });
  return { time, store, clock, locks, rival };
}

/** Milliseconds for which the server still keeps the name for this lease. */
function leftAtServer(store: MemoryTransport, { token }: Lease): number {
  return store.entries().find(({ value }) => value === token)?.pttl ?? 0;
}

describe("a computation that outlasts the ttl, while the clock stands still", () => {
  async function burnt() {
    const all = world();
    const lease = await all.locks.acquire("n", { ttl: "2s" });
    all.time.block(5000);
    return { ...all, lease };
  }

  test("held cannot see it; any I/O at all lets it see", async () => {
    const { lease, clock } = await burnt();
    expect(lease.held).toBe(true);
    clock.thaw();
    expect(lease.held).toBe(false);
    expect(lease.remaining()).toBe(0);
  });

  test("verify() sees it, and from then on held does, and the signal has fired", async () => {
    const { lease } = await burnt();
    const { signal } = lease;
    expect(await lease.verify()).toBe(false);
    expect([lease.held, lease.remaining(), signal.aborted]).toEqual([false, 0, true]);
  });

  test("verify() sees it although another holds by now", async () => {
    const { lease, rival } = await burnt();
    expect(await rival.tryAcquire("n")).not.toBeNull();
    expect(await lease.verify()).toBe(false);
  });

  test("extend() does not revive it", async () => {
    const { lease, store } = await burnt();
    expect(await rejection(lease.extend())).toMatchObject({ code: "LOST" });
    expect(leftAtServer(store, lease)).toBe(0);
  });

  test("release() says that it was no longer ours", async () => {
    const { lease } = await burnt();
    expect(await lease.release()).toBe(false);
  });

  test("the signal fires at the first I/O that is a timer", async () => {
    const { lease, time } = await burnt();
    const { signal } = lease;
    await time.advance(1);
    expect(signal.aborted).toBe(true);
  });
});

test.each([false, true])(
  "request() does not pass off such work as protected (another holds by now: %s)",
  async (taken) => {
    const { time, locks, rival } = world();
    const work = locks.request("n", { ttl: "2s" }, async () => {
      time.block(5000);
      if (taken) await rival.acquire("n", { ttl: "1m" });
      return "done";
    });
    expect(await rejection(work)).toMatchObject({ code: "LOST", result: "done" });
  },
);

test("a computation within the ttl is none of that: the work counts, and the lock is given back", async () => {
  const { time, locks, store } = world();
  const work = locks.request("n", { ttl: "2s" }, async () => {
    time.block(1500);
    return "done";
  });
  expect(await work).toBe("done");
  expect(store.entries().filter(({ key }) => key.startsWith("lock:"))).toEqual([]);
});

test.each(["last I/O", "true time"] as const)(
  "renewal keeps a lease through short computations (timers count from the %s)",
  async (base) => {
    const { time, store, clock, locks } = world(base, 5);
    const lease = await time.runUntilSettled(locks.acquire("n", { ttl: "3s", renew: true, maxHold: "1h" }));
    for (let i = 0; i < 50; i++) {
      time.block(400);
      await time.advance(300);
      clock.thaw();
      expect(lease.held).toBe(true);
      expect(lease.remaining()).toBeLessThanOrEqual(leftAtServer(store, lease));
    }
    await time.runUntilSettled(lease.release());
    expect(time.pending.count).toBe(0);
  },
);

describe("a computation that outlasts commandTimeout but not the ttl", () => {
  async function busy() {
    const all = world("last I/O", 5);
    const lease = await all.time.runUntilSettled(all.locks.acquire("n", { ttl: "30s" }));
    all.time.block(6000);
    return { ...all, lease };
  }

  test("verify() at once may find its time limit used up, which is no answer and never a wrong one", async () => {
    const { time, lease } = await busy();
    const { value = true, error } = await time.runUntilSettled(outcome(lease.verify()));
    expect(value).toBe(true);
    if (error) expect(error).toMatchObject({ code: "BACKEND" });
    expect(lease.held).toBe(true);
    expect(await time.runUntilSettled(lease.verify())).toBe(true);
  });

  test("after a timer of no length it answers", async () => {
    const { time, clock, lease } = await busy();
    await time.runUntilSettled(new Promise<void>((resolve) => void clock.timer(0, resolve)));
    expect(await time.runUntilSettled(lease.verify())).toBe(true);
  });
});

/** What a step works on. */
interface At {
  time: VirtualClock;
  clock: FrozenClock;
  lease: Lease;
  rival: Locks;
  store: MemoryTransport;
}

/** One step of a Worker, or of the world around it. */
interface Step {
  label: string;
  run(at: At): Promise<void>;
}

/** What Redis answered is what the lease says from then on. No answer in time is none. */
async function tells(
  { time, store }: Pick<At, "time" | "store">,
  lease: Lease,
  asked: Promise<unknown>,
): Promise<void> {
  const { value, error } = await time.runUntilSettled(outcome(asked));
  if (isLockError(error, "BACKEND")) return;
  expect(lease.held).toBe(!!value);
  if (value) expect(leftAtServer(store, lease)).toBeGreaterThan(0);
  else if (error) expect(error).toMatchObject({ code: "LOST" });
}

const step = (label: string, run: Step["run"]): Step => ({ label, run });
const ms = fc.integer({ min: 1, max: 1500 });

const steps: fc.Arbitrary<Step> = fc.oneof(
  ms.map((n) => step(`compute ${n} ms`, async ({ time }) => time.block(n))),
  ms.map((n) => step(`sleep ${n} ms`, async ({ time, clock }) => time.advance(n).then(clock.thaw))),
  fc.constant(step("verify", ({ lease, ...at }) => tells(at, lease, lease.verify()))),
  fc
    .integer({ min: 1000, max: 3000 })
    .map((ttl) => step(`extend ${ttl} ms`, ({ lease, ...at }) => tells(at, lease, lease.extend(ttl)))),
  fc.constant(step("a rival tries", async ({ rival }) => void (await rival.tryAcquire("n", { ttl: "1s" })))),
);

test("never held, after I/O, for longer than the server keeps it, whatever the Worker does", async () => {
  const history = fc.record({
    base: fc.constantFrom("last I/O" as const, "true time" as const),
    latency: fc.integer({ min: 0, max: 200 }),
    renew: fc.boolean(),
    sequence: fc.array(steps, { minLength: 1, maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(history, async ({ base, latency, renew, sequence }) => {
      const { time, store, clock, locks, rival } = world(base, latency);
      const lease = await time.runUntilSettled(locks.acquire("n", { ttl: "2s", renew }));
      let over = false;
      for (const { label, run } of sequence) {
        const before = lease.remaining();
        await run({ time, clock, lease, rival, store });
        if (label.startsWith("compute")) expect(lease.remaining()).toBe(before);
        if (clock.monotonic() === time.monotonic()) {
          expect(lease.remaining()).toBeLessThanOrEqual(leftAtServer(store, lease));
          if (lease.held) expect(lease.expiresAt).toBeLessThanOrEqual(time.now() + leftAtServer(store, lease));
        }
        // Once over it stays over, and the signal agrees.
        if (over) expect(lease.held).toBe(false);
        over = !lease.held;
        expect(lease.signal.aborted).toBe(over);
      }
      await time.runUntilSettled(locks.close());
      expect(lease.held).toBe(false);
    }),
    { numRuns: 1000 },
  );
});
