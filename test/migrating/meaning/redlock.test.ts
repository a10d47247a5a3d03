import { Redis } from "ioredis";
import { expect } from "vitest";
import { ioredis } from "../../../adapters/ioredis.ts";
import { createLocks } from "../../../src/index.ts";
import { failsWith, noUnhandledRejections, outcome } from "../../support/outcome.ts";
import { until } from "../../support/redis-process.ts";
import { ExecutionError, Redlock5 } from "../libraries.ts";
import { severalStores } from "./stores.ts";
import { meanings } from "./table.ts";

noUnhandledRejections();

const at = severalStores();
let count = 0;
const fresh = () => `meaning-${++count}`;

const ONCE = { retryCount: 0 };
const QUICK = { retryDelay: 1, retryJitter: 0 };
const five = (settings = {}) => new Redlock5([at.client], settings);
const ours = () => createLocks(ioredis(at.client), { prefix: "" });

meanings("redlock 5.0.0-beta.2", ({ row, shown }) => {
  shown(
    "`acquire([a, b], duration)`",
    "migrating/formats.test.ts",
    "redlock: refused when we hold one, and then we have the others",
  );

  row("`duration`, whole milliseconds, required", async () => {
    const name = fresh();
    await expect(five().acquire([name], 1000.5)).rejects.toThrow("must be an integer value in milliseconds");
    await expect(five().acquire([name], undefined as never)).rejects.toThrow("must be an integer");
    expect((await failsWith("OPTIONS", ours().acquire(name, { ttl: 250 }))).message).toContain('"250ms"');
    const lease = await ours().acquire(name);
    expect(await at.client.pttl(name)).toBeGreaterThan(15_000);
    expect(await at.client.pttl(name)).toBeLessThanOrEqual(30_000);
    await lease.release();
  });

  row("`retryCount: 10`, `retryDelay: 200`, `retryJitter: 100`", async () => {
    const { retryCount, retryDelay, retryJitter } = five().settings;
    expect([retryCount, retryDelay, retryJitter, retryCount * retryDelay]).toEqual([10, 200, 100, 2000]);
    const name = fresh();
    await at.client.set(name, "another");
    const { error } = await outcome(five(QUICK).acquire([name], 1000));
    expect((error as ExecutionError).attempts).toHaveLength(11);
  });

  row("`retryCount: 0`", async () => {
    const name = fresh();
    await at.client.set(name, "another");
    const { error } = await outcome(five(ONCE).acquire([name], 1000));
    expect((error as ExecutionError).attempts).toHaveLength(1);
    expect(await ours().tryAcquire(name)).toBeNull();
  });

  row("`retryCount: -1`", async () => {
    const name = fresh();
    await at.client.set(name, "another");
    const redlock = five({ ...QUICK, retryCount: -1 });
    let refusals = 0;
    redlock.on("error", () => void refusals++);
    const waiting = redlock.acquire([name], 1000);
    await until(async () => refusals > 11, "it gave up");
    await at.client.del(name);
    await (await waiting).release();
  });

  row("`driftFactor: 0.01`", async () => {
    const before = Date.now();
    const lock = await five().acquire([fresh()], 10_000);
    const left = 10_000 - 100 - 2;
    expect(lock.expiration).toBeGreaterThanOrEqual(before + left);
    expect(lock.expiration).toBeLessThanOrEqual(Date.now() + left);
    await lock.release();
  });

  row("`using(…, routine)`", async () => {
    const name = fresh();
    expect(await five().using([name], 10_000, async (signal) => signal)).toBeInstanceOf(AbortSignal);
    expect(await ours().request(name, (lease) => lease.signal)).toBeInstanceOf(AbortSignal);
  });

  row("`automaticExtensionThreshold: 500`", () => {
    expect(five().settings.automaticExtensionThreshold).toBe(500);
  });

  row("`signal.error`", async () => {
    const [theirs, mine] = [fresh(), fresh()];
    const began = Date.now();
    const using = five(ONCE).using([theirs], 1000, async (signal) => {
      await at.client.del(theirs);
      await until(async () => signal.aborted, "nobody was told");
      expect(signal.error).toBeInstanceOf(ExecutionError);
      // Its time is over: 1 % and 2 ms are taken off.
      expect(Date.now()).toBeGreaterThanOrEqual(began + 1000 - 12);
    });
    await expect(using).rejects.toThrow("quorum");

    const request = ours().request(mine, { ttl: "9s" }, async (lease) => {
      await at.client.del(mine);
      await until(async () => lease.signal.aborted, "nobody was told");
      expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "deleted" });
    });
    await failsWith("LOST", request);
  });

  shown(
    "`using`: an error of the release takes the place of your result, or of your error",
    "comparison/expired.test.ts",
    "redlock 5, using: the signal is quiet, and an error about the release takes the place of the result",
    "redlock 5, using: also of the routine's own error",
    "holdfast: not held, and what was returned comes back inside an error",
  );

  row("`lock.extend(duration)` returns another `Lock`", async () => {
    const name = fresh();
    const lock = await five().acquire([name], 60_000);
    const other = await lock.extend(5000);
    expect(other).not.toBe(lock);
    expect(await at.client.pttl(name)).toBeLessThanOrEqual(5000);
    await other.release();

    const lease = await ours().acquire(name, { ttl: "60s" });
    expect(await lease.extend("5s")).toBeGreaterThan(Date.now() + 30_000);
    expect(await at.client.pttl(name)).toBeGreaterThan(30_000);
    await lease.release();
  });

  row("`lock.release()` throws an `ExecutionError`, after its retries, if the lock was lost", async () => {
    const [theirs, mine] = [fresh(), fresh()];
    const lock = await five({ ...QUICK, retryCount: 3 }).acquire([theirs], 60_000);
    await at.client.del(theirs);
    const { error } = await outcome(lock.release());
    expect(error).toBeInstanceOf(ExecutionError);
    expect((error as ExecutionError).attempts).toHaveLength(4);

    const expired = await ours().acquire(mine, { ttl: "300ms" });
    await until(async () => (await at.client.exists(mine)) === 0, "it never ends");
    expect(await expired.release()).toBe(false);
    // Deleted by hand before the deadline, it is as if an earlier copy of the release had freed it.
    const deleted = await ours().acquire(mine);
    await at.client.del(mine);
    expect(await deleted.release()).toBe(true);
  });

  row("`lock.value`, `lock.expiration`", async () => {
    const name = fresh();
    const lock = await five().acquire([name], 60_000);
    expect(await at.client.get(name)).toBe(lock.value);
    expect(lock.expiration).toBeTypeOf("number");
    await lock.release();
  });

  row("`ExecutionError`, for busy and outage alike", async () => {
    const { error } = await outcome(new Redlock5([at.down], ONCE).acquire([fresh()], 1000));
    const [attempt] = await Promise.all((error as ExecutionError).attempts);
    expect([...(attempt?.votesAgainst ?? [])]).toEqual([[at.down, expect.any(Error)]]);
  });

  row("the event `error`", async () => {
    const told: unknown[] = [];
    const redlock = new Redlock5([...at.stores.slice(0, 2), at.down], ONCE);
    redlock.on("error", (error) => void told.push(error));
    const lock = await redlock.acquire([fresh()], 60_000);
    await until(async () => told.length > 0, "nobody was told");
    await lock.release();
  });

  row("`redlock.quit()`", async () => {
    const [theirs, mine] = [new Redis(at.server.url), new Redis(at.server.url)];
    await new Redlock5([theirs]).quit();
    await until(async () => theirs.status === "end", "it is open");
    await createLocks(ioredis(mine)).close();
    expect(await mine.ping()).toBe("PONG");
    mine.disconnect();
  });
});
