import type { Lease, Locks, LocksOptions } from "../../src/index.ts";
import { createLocks } from "../../src/index.ts";
import type { Quorum } from "../../src/quorum.ts";
import type { Transport } from "../../src/transport.ts";
import { ok } from "./assert.ts";

/** What one test gets. Its prefix is its own, so that tests run side by side and names repeat. */
export interface Stage {
  readonly transport: Transport;
  /** A second client of the same store. */
  readonly other: Transport;
  readonly prefix: string;
  /** Whether who does not say otherwise waits in line. A line needs a fence for every grant, asked for or not. */
  readonly fair: boolean;
  /** Whether the locks are over several stores. */
  readonly several: boolean;
  /** Over `transport`. */
  readonly locks: Locks;
  /** Over `other`. */
  readonly others: Locks;
  /** Locks over a transport, usually a tapped one, that are closed when the test is over. */
  open(transport: Transport, options?: LocksOptions): Locks;
  /** Collects the clean-ups of calls that were given it as `waitUntil`. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** Resolves when the clean-ups so far are over. */
  cleanedUp(): Promise<void>;
  /** Asserts that the name can be had now, and gives it back. */
  isFree(name: string, what: string): Promise<void>;
  /** Asserts that the name cannot be had now. */
  isTaken(name: string, what: string): Promise<void>;
  /** Removes the key of a lock as a program would that knows nothing of this library. */
  remove(lease: Lease): Promise<void>;
}

/** How a theme adds its tests. */
export type Scenario = (name: string, run: (stage: Stage) => Promise<void>) => void;

/**
 * How a theme adds a test that fails on a machine which is too slow for its times. It is then run a second time, with
 * all of them tripled by `ms`; what is wrong fails both times.
 */
export type Paced = (name: string, run: (stage: Stage, ms: (normal: number) => number) => Promise<void>) => void;

/** Polls often, so that a test does not wait for long; and does not give up on a slow machine. */
const DEFAULTS: LocksOptions = { retry: { min: 10, max: 60 }, commandTimeout: "15s" };

/** Runs one test, and ends everything that it began. */
export async function perform(
  run: (stage: Stage) => Promise<void>,
  make: (transport: Transport) => Transport | Quorum,
  transport: Transport,
  other: Transport,
  prefix: string,
  fair: boolean,
): Promise<void> {
  const opened: Locks[] = [];
  const tasks: Promise<unknown>[] = [];
  const open = (over: Transport, options?: LocksOptions) => {
    const locks = createLocks(make(over), { ...DEFAULTS, prefix, fair, ...options });
    opened.push(locks);
    return locks;
  };
  const locks = open(transport);
  const others = open(other);
  try {
    await run({
      transport,
      other,
      prefix,
      fair,
      several: "majority" in make(transport),
      locks,
      others,
      open,
      waitUntil: (promise) => void tasks.push(promise),
      async cleanedUp() {
        await Promise.all(tasks);
      },
      async isFree(name, what) {
        const lease = await others.tryAcquire(name);
        ok(lease, `${what}: the lock ${JSON.stringify(name)} should be free, and is taken`);
        await lease.release();
      },
      async isTaken(name, what) {
        const lease = await others.tryAcquire(name);
        ok(!lease, `${what}: the lock ${JSON.stringify(name)} was granted a second time`);
      },
      async remove({ name, token }) {
        // Without a fence a release is a bare compare-and-delete.
        ok(await others.restore({ name, token }, { fence: false }).release(), `the key of ${name} was not there`);
      },
    });
  } finally {
    await Promise.all(opened.map((each) => each.close()));
  }
}
