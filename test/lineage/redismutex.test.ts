import { expect } from "vitest";
import type { AcquireOptions } from "../../src/index.ts";
import { COMPILERS, evaluate } from "../decorators/compile.ts";
import { failsWith } from "../support/outcome.ts";
import { ONE } from "./support/kinds.ts";
import { lineage } from "./support/lineage.ts";
import type { Place } from "./support/place.ts";

/** Work that notices company. */
function lonely(place: Place) {
  const seen = { together: 0, most: 0, calls: 0 };
  async function work(...given: unknown[]): Promise<unknown[]> {
    seen.calls++;
    seen.most = Math.max(seen.most, ++seen.together);
    await place.work(50);
    seen.together--;
    return given;
  }
  return { seen, work };
}

lineage("redismutex", (row) => {
  row("with mutex.acquire_lock(key): mutex.key and mutex.value inside", ONE, async (place) => {
    const key = place.fresh();
    const inside = await place.locks().request(key, async (lease) => {
      expect(lease.name).toBe(key);
      expect(await place.values(`lock:${key}`)).toEqual([lease.token]);
      return "the block's own";
    });
    expect(inside).toBe("the block's own");
    expect(await place.values(`lock:${key}`)).toEqual([null]);
  });

  row("blocking, block_time (5 s), delay (0.5 s), expiry (7 s)", ONE, async (place) => {
    const key = place.fresh();
    const mutex = place.locks({ wait: "5s", retry: () => 500, ttl: "7s" });
    const lease = await mutex.acquire(key);
    expect(lease.remaining()).toBeGreaterThan(3000);
    expect(lease.remaining()).toBeLessThanOrEqual(7000);
    expect(await mutex.request(key, { ifAvailable: true }, (mine) => mine)).toBeNull();

    const began = place.now();
    const before = place.requests.length;
    const blocked = mutex.acquire(key);
    const released = place.work(700).then(() => lease.release());
    const [next] = await place.settle(Promise.all([blocked, released]));
    expect(next.held).toBe(true);
    expect(place.now() - began).toBeGreaterThan(990);
    if (place.clock) {
      expect(place.now() - began).toBe(1000);
      // Tried at once, after 500 ms and after 1000 ms; and the release.
      expect(place.requests.length - before).toBe(4);
    }
  });

  row("BlockTimeExceedError", ONE, async (place) => {
    const key = place.fresh();
    await place.locks({ owner: "the other" }).acquire(key);
    const began = place.now();
    const error = await place.settle(failsWith("TIMEOUT", place.locks({ wait: "1s" }).acquire(key)));
    expect(error).toMatchObject({ name: "LockTimeoutError", lockName: key, holder: "the other" });
    expect(place.now() - began).toBeGreaterThan(900);
    expect(error.waited).toBeGreaterThan(900);
    expect(error.message).toContain(`held by "the other" for all of ${error.waited} ms`);
  });

  row("ValueError when the settings contradict one another", ONE, async (place) => {
    const locks = place.locks();
    const wrong: [AcquireOptions, RegExp][] = [
      [{ maxHold: "10s", ttl: "30s" }, /^maxHold is "10s": .* from 30000 to Infinity/],
      [{ retry: { min: 500, max: 100 } }, /^retry\.max is 100: .* from 500 to /],
      [{ retry: { factor: 0.5 } }, /^retry\.factor is 0\.5: .* from 1 to /],
      [{ ttl: 30 }, /^ttl is 30: expected "30s" or "30ms"/],
      [{ ttl: "25h" }, /^ttl is "25h": .* from 20 to 86400000/],
      [{ ttl: Infinity }, /^ttl is Infinity: .* from 20 to 86400000/],
      [{ wait: -1 }, /^wait is -1: .* from 0 to Infinity/],
      [{ wait: "soon" }, /^wait is "soon": .* from 0 to Infinity/],
      [{ maxAttempts: 0 }, /^maxAttempts is 0: .* from 1 to Infinity/],
      [{ commandTimeout: 0 }, /^commandTimeout is 0: .* from 1 to 86400000/],
    ];
    for (const [options, says] of wrong) {
      for (const call of [locks.acquire("x", options), locks.request("x", options, () => {})]) {
        const { message, name } = await failsWith("OPTIONS", call);
        expect([name, message]).toEqual(["LockOptionsError", expect.stringMatching(says)]);
      }
    }
    expect(place.requests).toEqual([]);
  });

  row("decorator @with_redismutex(conn, key)", { over: ONE, part: "a function" }, async (place) => {
    const { seen, work } = lonely(place);
    const key = place.fresh();
    const calls = [place.locks(), place.locks()].map((locks) => locks.wrap(work, { name: key }));
    const results = await place.settle(Promise.all(calls.map((call, index) => call(index, "more"))));
    expect(results).toEqual([
      [0, "more"],
      [1, "more"],
    ]);
    expect([seen.calls, seen.most]).toEqual([2, 1]);
  });

  for (const [compiler, compile] of COMPILERS) {
    const part = `a method, compiled by ${compiler}`;
    row("decorator @with_redismutex(conn, key)", { over: ONE, part }, async (place) => {
      const { Invoices } = evaluate(await compile());
      const [one, other] = [new Invoices(place.locks()), new Invoices(place.locks())];
      const { seen, work } = lonely(place);
      const id = place.fresh();
      async function pause() {
        // The key is made of the argument.
        expect(await place.values(`lock:invoice:${id}`)).toEqual([expect.stringMatching(/^t.* charging$/)]);
        await work();
      }
      const charges = await place.settle(Promise.all([one.charge(id, pause), other.charge(id, pause)]));
      expect(charges).toEqual([
        { id, by: one },
        { id, by: other },
      ]);
      expect([seen.calls, seen.most]).toEqual([2, 1]);
    });
  }

  row("the key from the call's arguments (generate_key)", ONE, async (place) => {
    const key = place.fresh();
    const name = (customer: unknown, month: unknown) => `${key}:${customer}:${month}`;
    const [here, there] = [place.locks(), place.locks()];

    // Different arguments do not wait for one another: each of these waits until the other is there as well.
    let inside = 0;
    let bothAreThere = () => {};
    const both = new Promise<void>((resolve) => {
      bothAreThere = resolve;
    });
    async function meet(customer: number, month: string) {
      if (++inside === 2) bothAreThere();
      await both;
      return (await place.values(`lock:${name(customer, month)}`))[0];
    }
    const meetings = [here.wrap(meet, { name })(1, "may"), there.wrap(meet, { name })(2, "may")];
    expect(await place.settle(Promise.all(meetings))).toEqual(Array(2).fill(expect.stringMatching(/^t/)));

    const { seen, work } = lonely(place);
    const same = [here, there].map((locks) => locks.wrap(work, { name })(1, "may"));
    await place.settle(Promise.all(same));
    expect([seen.calls, seen.most]).toEqual([2, 1]);
  });
});
