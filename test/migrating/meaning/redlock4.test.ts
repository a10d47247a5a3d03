import { expect } from "vitest";
import { ioredis } from "../../../adapters/ioredis.ts";
import { createLocks } from "../../../src/index.ts";
import { noUnhandledRejections, outcome } from "../../support/outcome.ts";
import { until } from "../../support/redis-process.ts";
import { Redlock4 } from "../libraries.ts";
import { severalStores } from "./stores.ts";
import { meanings } from "./table.ts";

noUnhandledRejections();

const at = severalStores();
let count = 0;
const fresh = () => `meaning-${++count}`;

const ONCE = { retryCount: 0 };
const ours = () => createLocks(ioredis(at.client), { prefix: "" });

meanings("redlock 4.2.0", ({ row, shown }) => {
  const four = () => new Redlock4([at.client], ONCE);

  row("`lock`, `unlock`, also with a callback", async () => {
    const name = fresh();
    const lock = await new Promise<Awaited<ReturnType<Redlock4["lock"]>>>((resolve, reject) => {
      four().lock(name, 60_000, (error, lock) => (error ? reject(error) : resolve(lock)));
    });
    expect(await at.client.get(name)).toBe(lock.value);
    await new Promise<unknown>((resolve) => lock.unlock(resolve));
    expect(await at.client.exists(name)).toBe(0);
  });

  row("`disposer` with Bluebird's `using`", async () => {
    const name = fresh();
    const promise = four().lock(fresh(), 60_000);
    const { using } = promise.constructor as unknown as {
      using(disposer: object, work: () => unknown): Promise<unknown>;
    };
    expect(await using(four().disposer(name, 60_000), () => at.client.exists(name))).toBe(1);
    expect(await at.client.exists(name)).toBe(0);
    await (await promise).unlock();
  });

  row("no renewal", async () => {
    const name = fresh();
    const lease = await ours().acquire(name, { ttl: "1s", renew: true });
    const lock = await four().lock(fresh(), 1000);
    await until(async () => lock.expiration < Date.now() - 200, "time stands still");
    await expect(lock.unlock()).rejects.toThrow("Unable to fully release");
    expect(await lease.release()).toBe(true);
  });

  row("`unlock` rejects with a `LockError` if the lock was lost", async () => {
    const name = fresh();
    const lock = await four().lock(name, 60_000);
    await at.client.del(name);
    const { error } = await outcome(lock.unlock());
    expect(error).toMatchObject({ name: "LockError", message: expect.stringContaining("Unable to fully release") });
  });

  shown(
    "`LockError`, for busy and outage alike",
    "comparison/outage.test.ts",
    "redlock 4: one error for both, word for word",
    "holdfast: TIMEOUT and BACKEND",
  );

  row("the event `clientError`", async () => {
    const told: unknown[] = [];
    const redlock = new Redlock4([...at.stores.slice(0, 2), at.down], ONCE);
    redlock.on("clientError", (error) => void told.push(error));
    const lock = await redlock.lock(fresh(), 60_000);
    expect(told).toHaveLength(1);
    await lock.unlock();
  });
});
