import { expect, test, vi } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type LockBackendError, type LockEvent, type Locks, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { SingleFlightError, singleFlight } from "../../src/single-flight.ts";
import { rejection } from "../support/bench.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { settle, sleep } from "./support.ts";

/** Three stores, each of which can be out of reach, and as many callers that know nothing of one another. */
function world(callers = 4) {
  const clock = virtualClock();
  const stores = [1, 2, 3].map(() => memory({ clock }));
  const down = new Set<number>();
  const silent = new Set<number>();
  const reach = (index: number): Transport => {
    const through = async <T>(send: () => Promise<T>): Promise<T> => {
      if (down.has(index)) throw new Error("connection refused");
      if (silent.has(index)) return new Promise<T>(() => {});
      return send();
    };
    // Looked up each time: a test may put an empty one in its place.
    const store = () => stores[index] as Transport;
    return {
      set: (...args) => through(() => store().set(...args)),
      eval: (...args) => through(() => store().eval(...args)),
    };
  };
  const locks: Locks[] = Array.from({ length: callers }, () =>
    createLocks(quorum([reach(0), reach(1), reach(2)]), { clock }),
  );
  const results = () => stores.map((store) => store.entries().find(({ key }) => key === "result.qdb:lock:x")?.value);
  return { clock, stores, down, silent, locks: locks as [Locks, Locks, Locks, Locks], results };
}

const KEEP = { keep: "1m" } as const;

test("one computes, a majority keeps its result, and everyone has it", async () => {
  const { clock, locks, results } = world();
  const compute = vi.fn(() => sleep(clock, 2000).then(() => "made"));
  const ends = await settle(
    clock,
    locks.map((each) => singleFlight(each, "x", KEEP, compute)),
  );
  expect(ends.map((end) => end.status === "fulfilled" && end.value)).toEqual(Array(4).fill("made"));
  expect(compute).toHaveBeenCalledTimes(1);
  expect(results()).toEqual(Array(3).fill(expect.stringMatching(/^\d{16} ="made"$/)));
});

test.each(["down", "silent"] as const)("with one of three %s it is the same", async (how) => {
  const all = world();
  const { clock, locks } = all;
  all[how].add(1);
  const compute = vi.fn(() => sleep(clock, 1000).then(() => "made"));
  const ends = await settle(
    clock,
    locks.map((each) => singleFlight(each, "x", KEEP, compute)),
  );
  expect(ends.map((end) => end.status === "fulfilled" && end.value)).toEqual(Array(4).fill("made"));
  expect(compute).toHaveBeenCalledTimes(1);
});

test("with two of three down it is an outage, and nothing is computed", async () => {
  const { clock, locks, down } = world();
  down.add(0).add(2);
  const compute = vi.fn();
  const error = await clock.runUntilSettled(rejection(singleFlight(locks[0], "x", KEEP, compute)));
  expect(error).toMatchObject({ code: "BACKEND", errors: [{}, {}] });
  expect(compute).not.toHaveBeenCalled();
});

/** The library's own scripts, told apart by what only they do. */
const LOOKS = "return { 'free', -1, '', '=' } end";
const LEAVES = "return reply('held')";

test.each([
  ["looks once more before it computes", LOOKS, 1, "acquire"],
  ["leaves the result", LEAVES, 0, "release"],
])(
  "where a majority fails while one %s, the error has what each store said, and its position",
  async (_, script, after, during) => {
    for (const how of ["down", "silent"] as const) {
      const { clock, stores } = world();
      let looks = 0;
      const reach = stores.map((store, index): Transport => {
        const fails = (text: string) => index !== 1 && text.includes(script) && looks++ >= after * 2;
        return {
          set: store.set,
          async eval(text, keys, args) {
            if (!fails(text)) return store.eval(text, keys, args);
            if (how === "down") throw new Error(`store ${index} is gone`);
            return new Promise(() => {});
          },
        };
      });
      const events: LockEvent[] = [];
      // No store is given less time than the command: its end must not cut the verdict off.
      const over = quorum(reach, { timeout: "1m" });
      const locks = createLocks(over, { clock, ttl: "6s", wait: 0, onEvent: (event) => void events.push(event) });
      const flight = singleFlight(locks, "x", { ...KEEP, renew: false }, () => "made").catch(() => {});
      await clock.runUntilSettled(flight);
      const failed = events.find((event) => event.type === "failed" && event.during === during);
      const says = (index: number) =>
        how === "down" ? `store ${index} is gone` : expect.stringMatching(/^no answer within/);
      const errors = [0, 2].map((position) => ({ position, message: says(position) }));
      expect(failed?.error, how).toMatchObject({ errors });
    }
  },
);

test("what a minority has does not count: it is computed again, and the later result stands", async () => {
  const { clock, locks, down, stores, results } = world();
  await clock.runUntilSettled(singleFlight(locks[0], "x", KEEP, () => "first"));
  // A store lost its data, and another is away: only one has it still.
  const [a] = results();
  stores[1] = memory({ clock });
  down.add(2);
  const again = await clock.runUntilSettled(singleFlight(locks[1], "x", KEEP, () => "second"));
  expect(again).toBe("second");
  expect(Number.parseInt(results()[0] as string, 10)).toBeGreaterThan(Number.parseInt(a as string, 10));
  down.clear();
  // Two have the second, one the first.
  expect(await clock.runUntilSettled(singleFlight(locks[2], "x", KEEP, vi.fn()))).toBe("second");
});

test("a lease that its majority has lost leaves nothing that counts", async () => {
  const { clock, locks, down, results } = world();
  const flight = singleFlight(locks[0], "x", KEEP, async () => {
    down.add(2);
    await clock.runUntilSettled(locks[1].forceRelease("x"));
    down.clear();
    return "forced";
  });
  expect(await clock.runUntilSettled(rejection(flight))).toMatchObject({ code: "LOST", result: "forced" });
  expect(results().filter(Boolean).length).toBeLessThanOrEqual(1);
  const compute = vi.fn(() => "mine");
  expect(await clock.runUntilSettled(singleFlight(locks[2], "x", KEEP, compute))).toBe("mine");
  expect(compute).toHaveBeenCalledTimes(1);
});

test("a result is there before the lock is free anywhere: who is granted it looks once more", async () => {
  const { clock, locks, stores } = world();
  const compute = vi.fn(() => sleep(clock, 50).then(() => "made"));
  // The second caller looks before the first has left anything, and asks for the lock after that.
  const first = singleFlight(locks[0], "x", KEEP, compute);
  await clock.advance(0);
  const slow = stores.map((store) => ({ store, send: store.eval }));
  for (const { store, send } of slow) {
    store.eval = async (...args) => {
      if (!args[0].includes("run_id")) return send(...args);
      await sleep(clock, 90);
      return send(...args);
    };
  }
  const second = singleFlight(locks[1], "x", { ...KEEP, ttl: "30s" }, compute);
  expect(await clock.runUntilSettled(Promise.all([first, second]))).toEqual(["made", "made"]);
  expect(compute).toHaveBeenCalledTimes(1);
  for (const { store, send } of slow) store.eval = send;
  await clock.advance(1000);
  expect((await clock.runUntilSettled(locks[2].query("x"))).held).toBe(false);
});

test("the lock is released when a majority has the result, and not before", async () => {
  const { clock, locks, stores, results } = world();
  for (const store of stores.slice(1)) {
    const send = store.eval;
    store.eval = async (...args) => {
      // The result, on its way to two of three: what is sent later may be there first.
      if (args[2][3]?.includes('="made"')) await sleep(clock, 50);
      return send(...args);
    };
  }
  expect(await clock.runUntilSettled(singleFlight(locks[0], "x", KEEP, () => "made"))).toBe("made");
  await clock.advance(1000);
  expect(results().filter(Boolean).length).toBeGreaterThanOrEqual(2);
});

test('onFailure: "fail" tells those who waited, and nobody who comes later', async () => {
  const { clock, locks } = world();
  const broken = new Error("broken");
  const compute = vi.fn(async () => {
    await sleep(clock, 500);
    if (compute.mock.calls.length === 1) throw broken;
    return "made";
  });
  const flight = (each: Locks) => singleFlight(each, "x", { ...KEEP, onFailure: "fail" }, compute);
  const first = flight(locks[0]).catch((error) => error);
  await clock.advance(100);
  const waiting = flight(locks[1]).catch((error) => error);
  expect(await clock.runUntilSettled(first)).toBe(broken);
  expect(await clock.runUntilSettled(waiting)).toBeInstanceOf(SingleFlightError);
  const ends = await settle(clock, [flight(locks[2]), flight(locks[3])]);
  expect(ends).toEqual(Array(2).fill({ status: "fulfilled", value: "made" }));
});

test("nor one who could not look for failures when it came", async () => {
  const { clock, locks, down } = world();
  const flight = (each: Locks, compute: () => Promise<string>) =>
    singleFlight(each, "x", { ...KEEP, onFailure: "fail" }, compute);
  await clock.runUntilSettled(rejection(flight(locks[0], () => Promise.reject(new Error("broken")))));
  const computing = flight(locks[1], () => sleep(clock, 2000).then(() => "made"));
  await clock.advance(100);
  down.add(0).add(2);
  const later = vi.fn();
  const waiting = flight(locks[2], later);
  await clock.advance(100);
  down.clear();
  const ends = await settle(clock, [computing, waiting]);
  expect(ends).toEqual(Array(2).fill({ status: "fulfilled", value: "made" }));
  expect(later).not.toHaveBeenCalled();
});

test("events carry no result, though every store's client repeats what it was sent", async () => {
  const { clock, stores } = world();
  const events: LockEvent[] = [];
  const says = stores.map(
    (store): Transport => ({
      set: store.set,
      async eval(script, keys, args) {
        if (script.includes(LEAVES)) throw new Error(`NOAUTH: ${args.join(" ")}`);
        return store.eval(script, keys, args);
      },
    }),
  );
  const locks = createLocks(quorum(says), { clock, onEvent: (event) => void events.push(event) });
  expect(await clock.runUntilSettled(singleFlight(locks, "x", KEEP, () => "hush"))).toBe("hush");
  const shown = JSON.stringify(
    events.map(({ error }) => [error?.message, (error as LockBackendError)?.errors?.map(String)]),
  );
  expect(shown).toContain("NOAUTH");
  expect(shown).not.toContain("hush");
});
