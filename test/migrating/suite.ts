import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isLockError, type Lease, type Locks } from "../../src/index.ts";
import { failsWith, outcome } from "../support/outcome.ts";
import type { Entry, Library, Servers } from "./entry.ts";

/** Longer than a test takes. */
const LONG = 60_000;
/** Soon over. */
const SHORT = 400;

let count = 0;

/**
 * A library and holdfast on the same keys exclude each other. `locks` are ours, with the prefix that leads to the
 * library's keys; `pttl` is the longest time left of the library's key on any server, and `remove` deletes that key by hand.
 */
export function excludeEachOther(
  { library, open }: Entry,
  setting: () => {
    servers: Servers;
    locks: Locks;
    pttl(name: string): Promise<number>;
    remove(name: string): Promise<unknown>;
  },
): void {
  describe.concurrent(library, () => {
    let theirs: Library;
    let ours: Locks;
    beforeAll(async () => {
      ours = setting().locks;
      theirs = await open(setting().servers);
    });
    afterAll(async () => {
      await theirs?.close();
    });
    const fresh = () => `n${++count}-${process.pid}-${Math.random().toString(36).slice(2)}`;

    /** The library's refusal, or silence: what counts is what became of the lock. */
    const attempt = (call: Promise<unknown> | undefined) => outcome(call ?? Promise.resolve());

    test("it holds the lock: we are told so, and get it after its release", async () => {
      const name = fresh();
      const held = await theirs.take(name, LONG);
      expect(held).not.toBeNull();
      expect(await ours.tryAcquire(name)).toBeNull();
      expect(await ours.query(name)).toMatchObject({ held: true, holders: [{ owner: undefined, fence: undefined }] });

      const waiting = ours.acquire(name, { retry: { min: 20, max: 20 } });
      await held?.release();
      const lease = await waiting;
      expect(lease.held).toBe(true);
      expect(await lease.release()).toBe(true);
    });

    test("we hold the lock: it is refused, and gets it after our release", async () => {
      const name = fresh();
      const lease = await ours.acquire(name, { ttl: LONG });
      expect(await theirs.take(name, LONG)).toBeNull();
      expect(await lease.verify()).toBe(true);

      const waiting = theirs.wait(name, LONG);
      await sleep(60);
      expect(await lease.release()).toBe(true);
      const held = await waiting;
      expect(await ours.tryAcquire(name)).toBeNull();
      await held.release();
      expect(await ours.query(name)).toMatchObject({ held: false });
    });

    test("its lock expires: we get it, and neither its late extension nor its late release touches ours", async () => {
      const name = fresh();
      const held = await theirs.take(name, SHORT);
      const lease = await ours.acquire(name, { ttl: "20s" });
      const before = await setting().pttl(name);
      await attempt(held?.extend?.(LONG));
      expect(await setting().pttl(name)).toBeLessThanOrEqual(before);
      await attempt(held?.release());
      expect(await lease.verify()).toBe(true);
      expect(await lease.release()).toBe(true);
    });

    test("our lock expires: it gets it, and neither our late extension nor our late release touches its lock", async () => {
      const name = fresh();
      const lease = await ours.acquire(name, { ttl: `${SHORT}ms` });
      const held = await theirs.wait(name, 20_000);
      const before = await setting().pttl(name);
      const { error } = await outcome(lease.extend("1m"));
      expect(isLockError(error, "LOST")).toBe(true);
      expect(await lease.release()).toBe(false);
      expect(await ours.query(name)).toMatchObject({ held: true });
      expect(await setting().pttl(name)).toBeLessThanOrEqual(before);
      await held.release();
      expect(await ours.query(name)).toMatchObject({ held: false });
    });

    test("its lock is deleted, and we have it: what it sends as if it held it changes nothing", async () => {
      const name = fresh();
      const held = await theirs.take(name, LONG);
      await setting().remove(name);
      const lease = await ours.acquire(name, { ttl: "20s" });
      await attempt(held?.extend?.(LONG));
      expect(await setting().pttl(name)).toBeLessThanOrEqual(20_000);
      await attempt(held?.release());
      expect(await lease.verify()).toBe(true);
      expect(await lease.release()).toBe(true);
    });

    test("our lock is deleted, and it has it: what we send as if we held it changes nothing", async () => {
      const name = fresh();
      const [extending, releasing] = await Promise.all(
        [`${name}-extended`, `${name}-released`].map((one) => ours.acquire(one, { ttl: LONG })),
      );
      for (const { name } of [extending, releasing] as Lease[]) await setting().remove(name);
      const held = [await theirs.take(`${name}-extended`, 20_000), await theirs.take(`${name}-released`, 20_000)];
      expect((await failsWith("LOST", (extending as Lease).extend())).reason).toBe("taken");
      expect(await setting().pttl(`${name}-extended`)).toBeLessThanOrEqual(20_000);
      await releasing?.release();
      for (const one of [extending, releasing] as Lease[]) {
        expect(await ours.query(one.name)).toMatchObject({ held: true });
      }
      for (const one of held) await one?.release();
    });

    test("our renewal keeps it out beyond our ttl", async () => {
      const name = fresh();
      await ours.request(name, { ttl: "5s" }, async () => {
        await sleep(5500);
        expect(await theirs.take(name, LONG)).toBeNull();
      });
    });

    test("its renewal, if it has one, keeps us out beyond its ttl", async () => {
      const { pttl } = setting();
      const renewing = theirs.renewing?.bind(theirs);
      let renewed = renewing === undefined;
      // Some renew so late in the ttl that on a busy machine it can be too late for them: then with a longer one.
      for (let ttl = 2500; !renewed && ttl <= 20_000; ttl *= 2) {
        const name = fresh();
        const work = async () => {
          const began = performance.now();
          for (let left = await pttl(name), before = left; left > 0 && !renewed; before = left) {
            await sleep(25);
            left = await pttl(name);
            renewed = left > before;
          }
          if (!renewed) return;
          await sleep(Math.max(0, began + ttl + 50 - performance.now()));
          expect(await ours.tryAcquire(name)).toBeNull();
        };
        const { error } = await outcome(renewing?.(name, ttl, work) ?? Promise.resolve());
        if (renewed) expect(error).toBeUndefined();
      }
      expect(renewed).toBe(true);
    }, 60_000);

    test("fences grow past its turns, which have none", async () => {
      const name = fresh();
      const first = await ours.acquire(name);
      await first.release();
      await (await theirs.take(name, LONG))?.release();
      const second = await ours.acquire(name);
      expect(second.fence).toBeGreaterThan(first.fence);
      await second.release();
    });

    test("neither is re-entrant", async () => {
      const [theirName, name] = [fresh(), fresh()];
      const held = await theirs.take(theirName, LONG);
      expect(await theirs.take(theirName, LONG)).toBeNull();
      await held?.release();
      const lease = await ours.acquire(name);
      expect(await ours.tryAcquire(name)).toBeNull();
      await lease.release();
    });

    test("its lock can be extended while it is its own", async () => {
      const name = fresh();
      const held = await theirs.take(name, 5000);
      await held?.extend?.(LONG);
      if (held?.extend && !library.startsWith("simple-redis-mutex")) {
        expect(await setting().pttl(name)).toBeGreaterThan(10_000);
      }
      await held?.release();
    });

    test("forceRelease frees a lock of the library", async () => {
      const name = fresh();
      await theirs.take(name, LONG);
      expect(await ours.forceRelease(name)).toBe(true);
      const lease = await ours.tryAcquire(name);
      expect(await lease?.release()).toBe(true);
    });
  });
}
