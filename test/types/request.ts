/** Checked by tsc and never run: what a user's editor says of `request`, `wrap` and the leases. */
import { expectTypeOf } from "vitest";
import type { Lease, LockSnapshot, Locks, SerializedLease } from "../../src/index.ts";

declare const locks: Locks;

locks satisfies Pick<LockManager, "request">;
expectTypeOf<Locks>().toExtend<AsyncDisposable>();
expectTypeOf<Lease>().toExtend<AsyncDisposable>();

locks.request("x", (lease) => expectTypeOf(lease).toEqualTypeOf<Lease>());
locks.request("x", {}, (lease) => expectTypeOf(lease).toEqualTypeOf<Lease>());
locks.request("x", { ttl: "30s", renew: false }, (lease) => expectTypeOf(lease).toEqualTypeOf<Lease>());
locks.request("x", { ifAvailable: false }, (lease) => expectTypeOf(lease).toEqualTypeOf<Lease>());
locks.request("x", { ifAvailable: undefined }, (lease) => expectTypeOf(lease).toEqualTypeOf<Lease>());
locks.request("x", { ifAvailable: true }, (lease) => expectTypeOf(lease).toEqualTypeOf<Lease | null>());
locks.request("x", { ifAvailable: Math.random() > 0.5 }, (lease) => expectTypeOf(lease).toEqualTypeOf<Lease | null>());

expectTypeOf(locks.request("x", () => 1)).toEqualTypeOf<Promise<number>>();
expectTypeOf(locks.request("x", async () => "text")).toEqualTypeOf<Promise<string>>();
expectTypeOf(locks.request("x", () => {})).toEqualTypeOf<Promise<void>>();
expectTypeOf(locks.request("x", { ifAvailable: true }, (lease) => lease?.fence)).toEqualTypeOf<
  Promise<number | undefined>
>();
expectTypeOf(locks.request("x", (): never => process.exit())).toEqualTypeOf<Promise<never>>();

// @ts-expect-error: without a callback there is nothing to protect
locks.request("x");
// @ts-expect-error: a lease may be null here
locks.request("x", { ifAvailable: true }, (lease: Lease) => lease.fence);
// @ts-expect-error: no such option
locks.request("x", { timeout: 5 }, () => {});
// @ts-expect-error: belongs to request alone
locks.acquire("x", { ifAvailable: true });
// @ts-expect-error: belongs to createLocks alone
locks.acquire("x", { prefix: "app:" });
// @ts-expect-error: names are texts
locks.acquire(5);

expectTypeOf(locks.acquire("x")).toEqualTypeOf<Promise<Lease>>();
expectTypeOf(locks.tryAcquire("x")).toEqualTypeOf<Promise<Lease | null>>();
expectTypeOf(locks.query("x")).toEqualTypeOf<Promise<LockSnapshot>>();
expectTypeOf(locks.list()).toEqualTypeOf<AsyncIterable<LockSnapshot>>();
expectTypeOf(locks.restore).parameter(0).toEqualTypeOf<SerializedLease>();
expectTypeOf(locks.withOptions({ ttl: "1m" })).toEqualTypeOf<Locks>();
expectTypeOf(locks.close({ grace: "5s" })).toEqualTypeOf<Promise<void>>();

declare const lease: Lease;
expectTypeOf(lease.fence).toEqualTypeOf<number>();
expectTypeOf(lease.signal).toEqualTypeOf<AbortSignal>();
expectTypeOf(lease.handOver()).toEqualTypeOf<SerializedLease>();
// @ts-expect-error: what is held is not the caller's to set
lease.token = "mine";

const add = async (left: number, right: number): Promise<number> => left + right;
const wrapped = locks.wrap(add, { name: (left, right) => `${left}:${right}` });
expectTypeOf(wrapped).parameters.toEqualTypeOf<[number, number]>();
expectTypeOf(wrapped).returns.toEqualTypeOf<Promise<number>>();
// @ts-expect-error: a wrapped function needs the name of its lock
locks.wrap(add, {});
