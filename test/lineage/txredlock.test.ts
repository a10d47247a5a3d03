import { expect } from "vitest";
import type { LockBackendError, Transport } from "../../src/index.ts";
import { hanging } from "../quorum/support/slow.ts";
import { failsWith } from "../support/outcome.ts";
import { EVERYWHERE, SEVERAL } from "./support/kinds.ts";
import { lineage } from "./support/lineage.ts";
import type { Via } from "./support/place.ts";

/** A server that is something else. */
const nonsense: Transport = { set: async () => "what?", eval: async () => "what?" };

/** Where a store does not answer, clean-ups go on until this is over. */
const SHORT = { commandTimeout: "2s" };

lineage("txredlock", (row) => {
  row("Redlock([{host, port, db}, …]), several independent servers", SEVERAL, async (place) => {
    const name = place.fresh();
    const without =
      (...positions: number[]): Via =>
      (store, index) =>
        positions.includes(index) ? place.gone : store;
    const [holder, rival] = [place.locks(SHORT, without(2)), place.locks()];
    const lease = await place.settle(holder.acquire(name));
    expect(await place.values(`lock:${name}`)).toEqual([lease.token, lease.token, null]);
    expect(await place.settle(rival.tryAcquire(name))).toBeNull();
    expect(await place.settle(rival.query(name))).toMatchObject({ held: true });
    expect(await place.settle(lease.release())).toBe(true);
    expect(await place.settle(rival.query(name))).toMatchObject({ held: false });

    const minority = place.locks(SHORT, without(0, 1));
    const error = await place.settle(failsWith("BACKEND", minority.tryAcquire(name)));
    expect(error.message).toContain("2 of 3 stores failed");
  });

  row(
    "an aim that it never reached: all servers contacted concurrently",
    { over: SEVERAL, part: "concurrently" },
    async (place) => {
      let asked = 0;
      let letGo = () => {};
      const allAsked = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      // Nobody answers before everybody was asked.
      const gate: Via = ({ set, eval: run }) => ({
        set,
        async eval(...command) {
          if (++asked === 3) letGo();
          await allAsked;
          return run(...command);
        },
      });
      const lease = await place.settle(place.locks({}, gate).acquire(place.fresh()));
      expect(lease.held).toBe(true);
    },
  );

  row(
    "an aim that it never reached: all servers contacted concurrently",
    { over: SEVERAL, part: "a time limit for each" },
    async (place) => {
      const hangingAt =
        (...positions: number[]): Via =>
        (store, index) =>
          positions.includes(index) ? hanging() : store;
      const began = place.now();
      const lease = await place.locks(SHORT, hangingAt(1), { timeout: "2s" }).acquire(place.fresh());
      expect(lease.held).toBe(true);
      expect(place.now() - began).toBeLessThan(place.clock ? 1 : 2000);

      const beganAgain = place.now();
      const two = place.locks(SHORT, hangingAt(0, 2), { timeout: "1s" });
      const error = await place.settle(failsWith("BACKEND", two.tryAcquire(place.fresh())));
      expect(error.errors.map(({ message }) => message)).toEqual(Array(2).fill("no answer within 1000 ms"));
      const took = place.now() - beganAgain;
      expect(took).toBeGreaterThan(990);
      // Side by side, not one after the other.
      if (place.clock) expect(took).toBe(1000);
    },
  );

  row("lock(name, ms) gives validity, resource, key, or False", EVERYWHERE, async (place) => {
    const name = place.fresh();
    const lease = await place.settle(place.locks().tryAcquire(name, { ttl: "20s" }));
    const validity = lease?.remaining();
    expect(validity).toBeLessThanOrEqual(20_000 - 200 - 2);
    expect(validity).toBeGreaterThan(5000);
    if (place.clock) expect(validity).toBe(19_798);
    expect(lease?.name).toBe(name);
    const keys = await place.values(`lock:${name}`);
    expect(keys.filter((key) => key === lease?.token).length).toBeGreaterThan(keys.length / 2);
    expect(await place.settle(place.locks().tryAcquire(name))).toBeNull();
  });

  row("retry count (3) and delay (200 ms)", EVERYWHERE, async (place) => {
    const name = place.fresh();
    await place.settle(place.locks().acquire(name));
    const waiter = place.locks({ maxAttempts: 3, retry: { min: 200, max: 200, jitter: 0 } });
    const began = place.now();
    const before = place.requests.length;
    const error = await place.settle(failsWith("TIMEOUT", waiter.acquire(name)));
    expect(error.attempts).toBe(3);
    expect(place.now() - began).toBeGreaterThan(390);
    if (place.clock) expect(place.now() - began).toBe(400);
    // And one to each store, in the background, that cleans up behind it.
    await place.settle(waiter.close());
    expect(place.requests.length - before).toBe(4 * place.stores.length);
  });

  row("MultipleRedlockException with every server's error", SEVERAL, async (place) => {
    const broken = [place.gone, nonsense, hanging()] as const;
    const each = ({ errors }: LockBackendError) => errors.map((error) => [Object(error).position, error.message]);
    const [refused, answered, silent] = [
      [0, expect.stringMatching(/connect/i)],
      [1, expect.stringContaining("what?")],
      [2, expect.stringMatching(/^no answer within \d+ ms$/)],
    ];

    const some = place.locks(SHORT, (store, index) => (index === 1 ? store : (broken[index] as Transport)), {
      timeout: "1s",
    });
    const partly = await place.settle(failsWith("BACKEND", some.tryAcquire(place.fresh())));
    expect(each(partly)).toEqual([refused, silent]);

    const none = place.locks(SHORT, (_, index) => broken[index] as Transport, { timeout: "1s" });
    const entirely = await place.settle(failsWith("BACKEND", none.query(place.fresh())));
    expect(each(entirely)).toEqual([refused, answered, silent]);
    // Two of three have failed: nobody waits for the third.
    const early = await place.settle(failsWith("BACKEND", none.tryAcquire(place.fresh())));
    expect(each(early)).toEqual([refused, answered]);
  });

  row("asynchronous throughout", EVERYWHERE, async (place) => {
    const locks = place.locks();
    const busy = place.fresh();
    const held = await place.settle(locks.acquire(busy));
    let waiting = true;
    const waiter = place
      .locks()
      .acquire(busy)
      .finally(() => {
        waiting = false;
      });
    const others = Array.from({ length: 20 }, () => locks.request(place.fresh(), () => "done"));
    expect(await place.settle(Promise.all(others))).toEqual(Array(20).fill("done"));
    expect(waiting).toBe(true);
    await place.settle(held.release());
    expect((await place.settle(waiter)).held).toBe(true);

    // What is wrong is told by the promise too.
    const wrong = [locks.acquire(""), locks.tryAcquire(""), locks.query(""), locks.request("", () => {})];
    for (const each of wrong) await failsWith("OPTIONS", each);
  });
});
