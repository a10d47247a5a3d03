import type { QuorumOptions } from "../../src/quorum.ts";
import { singleFlight } from "../../src/single-flight.ts";
import type { Cost, Counter } from "./billing.ts";

/** A way of locking: what is counted of it, on a name of its own. */
export interface Way {
  /** As the table of docs/cost.md calls it. */
  title: string;
  /** Over how many stores. @default 1 */
  stores?: number;
  /** Over how many seeds the mean is taken, where chance decides. @default 1 */
  seeds?: number;
  /** With server-sent events. */
  woken?: boolean;
  count(counter: Counter, name: string): Promise<Cost>;
}

const done = async () => "done";
/** Whoever holds the lock meanwhile, for longer than anything here takes. */
const other = { ttl: "24h", owner: "other" } as const;
const HOUR = 3_600_000;

async function failed(call: Promise<unknown>): Promise<void> {
  await call.then(
    () => {
      throw new Error("it did not fail");
    },
    () => {},
  );
}

/** A wait for a lock that another gives back after `ms`, or never. */
function waiting(ms: number, options: object): Way["count"] {
  return async ({ cost, drive, freed, locks, sleep }, name) => {
    await locks().acquire(name, other);
    return cost(async () => {
      if (ms < Infinity) freed(name, ms);
      const call = locks(options).request(name, done);
      await drive(ms < Infinity ? call.then(() => {}) : failed(call));
      // A clean-up follows.
      await drive(sleep(1));
    });
  };
}

/** A wait in line of 1 s for a lock that its holder hands on, with the release of both. */
function inLine(woken: boolean): Way["count"] {
  return async ({ cost, drive, heard, locks, sleep }, name) => {
    const held = await drive(locks().acquire(name, { fair: true }));
    return cost(async () => {
      const call = locks().request(name, { fair: true }, done);
      await drive(sleep(1000));
      const message = heard();
      await drive(held.release());
      if (woken) await message;
      await drive(call);
    });
  };
}

/** Ten minutes of waiting, without what begins and ends it. */
function tenMinutesOfWaiting(options: object): Way["count"] {
  return async ({ cost, drive, locks, sleep }, name) => {
    const first = locks();
    await drive(first.acquire(name, { ...other, ...options }));
    const controller = new AbortController();
    const call = locks({ wait: Infinity, signal: controller.signal, ...options }).acquire(name);
    await drive(sleep(20_000));
    const tenMinutes = await cost(() => drive(sleep(HOUR / 6)));
    controller.abort();
    await drive(failed(call));
    return tenMinutes;
  };
}

/** An hour of holding, without the grant and the release. */
function hourOfHolding(ttl: string): Way["count"] {
  return async ({ cost, drive, locks, sleep }, name) => {
    const lease = await drive(locks().acquire(name, { ttl, renew: true, maxHold: Infinity }));
    const hour = await cost(() => drive(sleep(HOUR)));
    await drive(lease.release());
    return hour;
  };
}

/** A flight that computes for 1 s, from when it has begun, with so many who wait for it. */
async function flight({ cost, drive, locks, sleep }: Counter, name: string, waiters: number): Promise<Cost> {
  let land = (_: string) => {};
  const computing = new Promise<string>((resolve) => {
    land = resolve;
  });
  const all = [singleFlight(locks(), name, { keep: "1m" }, () => computing)];
  await drive(sleep(1));
  return cost(async () => {
    for (let index = 0; index < waiters; index++) all.push(singleFlight(locks(), name, { keep: "1m" }, done));
    await drive(sleep(1000));
    land("the result");
    if ((await drive(Promise.all(all))).some((result) => result !== "the result")) throw new Error("another computed");
  });
}

/**
 * Work that is over before all have answered would cost a request more. Servers as young as these need a short ttl. A
 * counter that is ahead of the majority's saves its store a write, as it happens: 49 instead of 50, 46 instead of 47.
 */
async function ofQuorum(counter: Counter, name: string, options: object, over?: QuorumOptions): Promise<Cost> {
  const { cost, drive, locks, sleep } = counter;
  const { requests, commands } = await cost(() =>
    drive(locks({ ttl: "2s", ...options }, over).request(name, () => sleep(100))),
  );
  return { requests, commands: commands === 49 || commands === 46 ? commands + 1 : commands };
}

/** By the headings of docs/cost.md. */
export const WAYS: Readonly<Record<string, readonly Way[]>> = {
  "Taking and giving back": [
    {
      title: "`request`, or `acquire` and its release",
      count: ({ cost, drive, locks }, name) => cost(() => drive(locks().request(name, done))),
    },
    {
      title: "the same, `fence: false`",
      count: ({ cost, drive, locks }, name) => cost(() => drive(locks({ fence: false }).request(name, done))),
    },
    {
      title: "the same, with a fence, released before its `minHold` is over",
      count: ({ cost, drive, locks }, name) => cost(() => drive(locks({ minHold: "1m" }).request(name, done))),
    },
    {
      title: "`tryAcquire` that gets the lock, and its release",
      count: ({ cost, drive, locks }, name) =>
        cost(async () => {
          const lease = await drive(locks().tryAcquire(name));
          await drive(lease?.release() ?? Promise.reject(new Error("it was not granted")));
        }),
    },
    {
      title: "`tryAcquire`, `ifAvailable` or `wait: 0`, and another has it",
      async count({ cost, drive, locks }, name) {
        await drive(locks().acquire(name, other));
        return cost(() => drive(locks().tryAcquire(name)));
      },
    },
    {
      title: "these three, `fence: false`",
      async count({ cost, drive, locks }, name) {
        await drive(locks().acquire(name, other));
        return cost(() => drive(locks({ fence: false }).tryAcquire(name)));
      },
    },
  ],
  Waiting: [
    { title: "`request` that waits 1 s for the lock", seeds: 5, count: waiting(1000, {}) },
    {
      title: '`request` that waits 10 s for the lock (`wait: "30s"`)',
      seeds: 5,
      count: waiting(10_000, { wait: "30s" }),
    },
    {
      title: "the same, `retry: { min: 1000, max: 5000 }`",
      seeds: 5,
      count: waiting(10_000, { wait: "30s", retry: { min: 1000, max: 5000 } }),
    },
    { title: "a wait of 10 s that ends without the lock", seeds: 5, count: waiting(Infinity, {}) },
    { title: "the same, `fence: false`", seeds: 5, count: waiting(Infinity, { fence: false }) },
    {
      title: "the same, with a fence, `retry: { min: 1000, max: 5000 }`",
      seeds: 5,
      count: waiting(Infinity, { retry: { min: 1000, max: 5000 } }),
    },
    { title: "one waiter, for 10 minutes", count: tenMinutesOfWaiting({}) },
    {
      title: "the same, `retry: { min: 5000, max: 30000 }`",
      seeds: 4,
      count: tenMinutesOfWaiting({ retry: { min: 5000, max: 30_000 } }),
    },
  ],
  "Waiting in line": [
    {
      title: "`request` with `fair: true`, and nobody else is there",
      count: ({ cost, drive, locks }, name) => cost(() => drive(locks({ fair: true }).request(name, done))),
    },
    {
      title: "`tryAcquire` with `fair: true`, and another has it",
      async count({ cost, drive, locks }, name) {
        await drive(locks().acquire(name, other));
        return cost(() => drive(locks({ fair: true }).tryAcquire(name)));
      },
    },
    {
      title: "`request` in line that waits 1 s, polling, with the release that hands it the lock",
      seeds: 5,
      count: inLine(false),
    },
    { title: "the same with server-sent events", woken: true, count: inLine(true) },
    { title: "one waiter in line, for 10 minutes", count: tenMinutesOfWaiting({ fair: true }) },
    {
      title: "the same wait, with server-sent events",
      woken: true,
      count: tenMinutesOfWaiting({ fair: true }),
    },
    {
      title: "`query` with `fair: true`, and somebody holds it",
      async count({ cost, drive, locks }, name) {
        await drive(locks().acquire(name, other));
        return cost(() => drive(locks({ fair: true }).query(name)));
      },
    },
  ],
  "In one process": [
    {
      title: "a release that hands the lock to another caller of the process",
      async count({ cost, drive, process, sleep }, name) {
        const locks = process();
        const held = await drive(locks.acquire(name));
        const next = locks.acquire(name);
        await drive(sleep(1));
        return cost(async () => {
          await drive(held.release());
          await drive(next);
        });
      },
    },
    {
      title: "a failed poll, when such a process has the lock",
      async count({ cost, drive, locks, process }, name) {
        await drive(process().acquire(name, other));
        const polls = (maxAttempts: number) =>
          cost(() => drive(failed(locks({ fence: false, retry: () => 5 }).acquire(name, { maxAttempts }))));
        const [three, two] = [await polls(3), await polls(2)];
        return { requests: three.requests - two.requests, commands: three.commands - two.commands };
      },
    },
  ],
  Holding: [
    {
      title: "one renewal, or `extend`",
      async count({ cost, drive, locks }, name) {
        const lease = await drive(locks().acquire(name));
        return cost(() => drive(lease.extend()));
      },
    },
    { title: 'an hour of holding, `ttl: "30s"`, renewed', count: hourOfHolding("30s") },
    { title: 'the same, `ttl: "5m"`', count: hourOfHolding("5m") },
    {
      title: "`verify`",
      async count({ cost, drive, locks }, name) {
        const lease = await drive(locks().acquire(name));
        return cost(() => drive(lease.verify()));
      },
    },
    {
      title: "`handOver` and `restore`",
      async count({ cost, drive, locks }, name) {
        const lease = await drive(locks().acquire(name));
        return cost(async () => void locks().restore(lease.handOver()));
      },
    },
  ],
  "Looking and freeing": [
    {
      title: "`query`, and somebody holds it",
      async count({ cost, drive, locks }, name) {
        await drive(locks().acquire(name, other));
        return cost(() => drive(locks().query(name)));
      },
    },
    {
      title: "`query`, and it is kept by a `minHold`",
      async count({ cost, drive, locks }, name) {
        await drive(locks({ minHold: "1m" }).request(name, done));
        return cost(() => drive(locks().query(name)));
      },
    },
    {
      title: "`query`, and it is free",
      count: ({ cost, drive, locks }, name) => cost(() => drive(locks().query(name))),
    },
    {
      title: "`list` of 20 locks",
      async count({ cost, drive, flush, locks }, name) {
        await flush();
        const mine = locks({ prefix: `${name}:` });
        for (let index = 0; index < 20; index++) await drive(mine.acquire(`${index}`));
        return cost(async () => {
          const names = mine.list()[Symbol.asyncIterator]();
          let seen = 0;
          while (!(await drive(names.next())).done) seen++;
          if (seen !== 20) throw new Error(`saw ${seen}`);
        });
      },
    },
    {
      title: "`forceRelease` of a lock that is held",
      async count({ cost, drive, locks }, name) {
        await drive(locks().acquire(name, other));
        return cost(() => drive(locks().forceRelease(name)));
      },
    },
    {
      title: "`forceRelease` of a lock that is free",
      count: ({ cost, drive, locks }, name) => cost(() => drive(locks().forceRelease(name))),
    },
  ],
  "Single flight": [
    {
      title: "`singleFlight` that computes",
      count: ({ cost, drive, locks }, name) => cost(() => drive(singleFlight(locks(), name, { keep: "1m" }, done))),
    },
    {
      title: "`singleFlight` that finds the result",
      async count({ cost, drive, locks }, name) {
        await drive(singleFlight(locks(), name, { keep: "1m" }, done));
        return cost(() => drive(singleFlight(locks(), name, { keep: "1m" }, done)));
      },
    },
    {
      title: "`singleFlight` that waits 1 s for another's result, less what that costs",
      seeds: 5,
      async count(counter, name) {
        const both = await flight(counter, name, 1);
        const alone = await flight(counter, `${name} alone`, 0);
        return { requests: both.requests - alone.requests, commands: both.commands - alone.commands };
      },
    },
  ],
  "A quorum": [
    {
      title: "`request`, 3 stores",
      stores: 3,
      count: (counter, name) => ofQuorum(counter, name, {}),
    },
    {
      title: "the same, `fence: false`",
      stores: 3,
      count: (counter, name) => ofQuorum(counter, name, { fence: false }),
    },
    {
      title: "the same, with a fence, `maxTtl: 0`",
      stores: 3,
      count: (counter, name) => ofQuorum(counter, name, {}, { maxTtl: 0 }),
    },
    {
      title: "one renewal, or `extend`, 3 stores",
      stores: 3,
      async count({ cost, drive, locks }, name) {
        const lease = await drive(locks({ ttl: "2s" }).acquire(name));
        return cost(() => drive(lease.extend()));
      },
    },
    {
      title: "`tryAcquire` with 3 stores, and another has it",
      stores: 3,
      async count({ cost, drive, locks }, name) {
        await drive(locks({ ttl: "2s" }).acquire(name));
        return cost(() => drive(locks({ ttl: "2s" }).tryAcquire(name)));
      },
    },
  ],
};
