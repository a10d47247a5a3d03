import { expect } from "vitest";
import { patience } from "../quorum/support/patience.ts";
import { failsWith } from "../support/outcome.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { ONE } from "./support/kinds.ts";
import { lineage } from "./support/lineage.ts";

lineage("python-redilock", (row) => {
  row('one lock object with a ttl, used for many names; `with mylock("name"):`', ONE, async (place) => {
    const [mylock, other] = [place.locks({ ttl: "10s" }), place.locks()];
    const names = [place.fresh(), place.fresh()] as const;
    const held = () => Promise.all(names.map(async (name) => (await other.query(name)).held));
    await mylock.request(names[0], async () => {
      await using lease = await mylock.acquire(names[1]);
      expect(lease.held).toBe(true);
      expect(await held()).toEqual([true, true]);
      for (const name of names) {
        expect(await other.tryAcquire(name)).toBeNull();
        expect(await place.theirs[0]?.pttl(`lock:${name}`)).toBeLessThanOrEqual(10_000);
      }
    });
    expect(await held()).toEqual([false, false]);

    const block = mylock.request(names[0], () => Promise.reject(new Error("what the block threw")));
    await expect(block).rejects.toThrow("what the block threw");
    expect(await held()).toEqual([false, false]);
  });

  row("lock(name) returns a secret token, unlock(name, token)", ONE, async (place) => {
    const name = place.fresh();
    const [here, elsewhere] = [place.locks(), place.locks()];
    const lease = await here.acquire(name);
    const { token } = lease;
    expect(JSON.stringify([lease, await elsewhere.query(name)])).not.toContain(token);

    const guessed = elsewhere.restore({ name, token: `t${"A".repeat(22)}` });
    expect(await guessed.release()).toBe(false);
    expect(await lease.verify()).toBe(true);

    const text = JSON.stringify({ name, token });
    expect(await elsewhere.restore(JSON.parse(text)).release()).toBe(true);
    expect(await lease.verify()).toBe(false);
    expect((await here.query(name)).held).toBe(false);
  });

  row("ttl per object or per call, required for safety", ONE, async (place) => {
    const left = async (name: string) => Number(await place.theirs[0]?.pttl(`lock:${name}`));
    const cases = [
      [undefined, undefined, 30_000],
      ["10m", undefined, 600_000],
      ["10m", "2m", 120_000],
    ] as const;
    for (const [object, call, ttl] of cases) {
      const name = place.fresh();
      await place.locks({ ttl: object }).acquire(name, { ttl: call });
      expect(await left(name)).toBeGreaterThan(ttl - 15_000);
      expect(await left(name)).toBeLessThanOrEqual(ttl);
    }

    const name = place.fresh();
    const crashed = await place.locks().acquire(name, { ttl: "400ms" });
    const next = await place.settle(place.locks().acquire(name));
    expect([crashed.held, next.held]).toEqual([false, true]);
  });

  row("block=False", ONE, async (place) => {
    const name = place.fresh();
    const other = place.locks();
    const lease = await place.locks().tryAcquire(name);
    expect(lease?.held).toBe(true);
    const before = place.requests.length;
    // Nobody lets time pass: whoever waits in memory waits for ever.
    expect(await other.tryAcquire(name)).toBeNull();
    expect(place.requests.length - before).toBe(1);
    await lease?.release();
    expect((await other.tryAcquire(name))?.held).toBe(true);
  });

  row("interval of the background check", ONE, async (place) => {
    const name = place.fresh();
    await place.locks().acquire(name);
    const locks = place.locks({ wait: "1s" });
    const attempts = async (options: Parameters<typeof locks.acquire>[1]) => {
      const before = place.requests.length;
      const { attempts } = await place.settle(failsWith("TIMEOUT", locks.acquire(name, options)));
      return place.requests.slice(before, before + attempts);
    };

    const sent = await attempts({ retry: { min: 150, max: 150, jitter: 0 } });
    const pauses = sent.slice(1).map((at, index) => at - (sent[index] as number));
    expect(pauses[0]).toBeGreaterThan(145);
    // The last come in time for the end of the wait.
    expect(pauses.length).toBeLessThan(10);
    if (place.clock) expect(pauses.slice(0, -1)).toEqual(Array(6).fill(150));

    const asked: number[] = [];
    const again = await attempts({ retry: (attempt) => asked.push(attempt) * 100 });
    expect(asked).toEqual(again.slice(1).map((_, index) => index + 1));
  });

  row("only the holder unlocks", ONE, async (place) => {
    const name = place.fresh();
    const late = await place.locks().acquire(name, { ttl: "300ms" });
    const next = await place.settle(place.locks().acquire(name));
    const before = place.requests.length;
    expect(await late.release()).toBe(false);
    expect(place.requests.length - before).toBe(1);
    expect(await next.verify()).toBe(true);
    expect(await next.release()).toBe(true);
    expect(place.requests.length - before).toBe(3);
  });

  row("not re-entrant: locking twice blocks until the ttl", ONE, async (place) => {
    const name = place.fresh();
    const locks = place.locks({ owner: "job 7" });
    const began = place.now();
    const first = await locks.acquire(name, { ttl: "1500ms" });
    const own = await place.settle(failsWith("TIMEOUT", locks.acquire(name, { wait: 0 })));
    expect(own.holder).toBe("job 7");
    expect(own.message).toContain(`held by "job 7", this caller's own label`);
    const other = await place.settle(failsWith("TIMEOUT", place.locks().acquire(name, { wait: 0, owner: "job 8" })));
    expect(other.message).toContain('held by "job 7"');
    expect(other.message).not.toContain("own label");

    const second = await place.settle(locks.acquire(name));
    expect(place.now() - began).toBeGreaterThanOrEqual(1490);
    expect([first.held, second.held]).toEqual([false, true]);
  });

  row(
    "ttl too short: the lock silently expires inside `with`",
    { over: ONE, part: "work of three times the ttl" },
    async (place) => {
      const name = place.fresh();
      const order: string[] = [];
      const working = place.locks({ ttl: "2s" }).request(name, async (lease) => {
        await place.work(6000);
        order.push("done");
        return [lease.held, lease.signal.aborted];
      });
      const rival = place.locks().acquire(name, { retry: { min: 20, max: 20 } });
      const both = Promise.all([working, rival.then(() => order.push("next"))] as const);
      const [worked] = await place.settle(both);
      expect(worked).toEqual([true, false]);
      expect(order).toEqual(["done", "next"]);
    },
  );

  row(
    "ttl too short: the lock silently expires inside `with`",
    { over: ONE, part: "without renewal" },
    async (place) => {
      const name = place.fresh();
      // Timers that are in time, also over Redis: how late those of a busy machine are is not the subject.
      const time = patience(1000, place.clock ?? virtualClock());
      const { clock } = time;
      const locks = place.locks({ ttl: "1m", clock }, (store) => time.over(store));
      const began = clock.monotonic();
      const block = locks.request(name, { renew: false }, async (lease) => {
        await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
        expect(clock.monotonic() - began).toBeLessThan(60_000);
        expect(lease.held).toBe(false);
        // Nobody was let in yet.
        expect(await locks.tryAcquire(name)).toBeNull();
        return "half of the work";
      });
      const error = await time.settle(failsWith("LOST", block));
      expect(error).toMatchObject({ reason: "expired", result: "half of the work" });
      await time.settle(locks.close());
    },
  );
});
