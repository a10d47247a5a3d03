import type { Lease, SerializedLease } from "./lease.ts";
import type { AcquireOptions, Duration, RequestOptions } from "./options.ts";
import type { LockSnapshot } from "./query.ts";

/** Options of {@link Locks.wrap}, besides those of a lock. */
export interface WrapOptions<Args extends unknown[]> extends AcquireOptions {
  /** The name of the lock, or how to make it from the arguments of the call. */
  name: string | ((...args: Args) => string);
}

/**
 * Locks over one Redis, or over several. Made by {@link createLocks}. As an `AsyncDisposable`, `await using` closes them.
 *
 * Every call with a name or an option that cannot be right is refused with a {@link LockOptionsError}, and every call after
 * {@link close} with a {@link LockClosedError}; nothing is sent then. What is asynchronous rejects and never throws.
 */
export interface Locks extends AsyncDisposable {
  /**
   * Takes the lock, keeps it alive while the callback runs, and releases it. Has the shape of the platform's
   * `LockManager.request` (Web Locks API).
   *
   * @param name Any text of 1 to 1024 bytes in UTF-8.
   * @param callback Is handed the lease. Its result, and its error, pass through untouched.
   * @throws {LockTimeoutError} if others held the lock for all of `wait`.
   * @throws {LockLostError} if the callback returned normally, but the lock was lost before that; `result` has what it
   *   returned.
   * @throws {LockBackendError} if Redis did not answer, or refused.
   * @example
   * ```ts
   * const receipt = await locks.request("invoice:42", async (lease) =>
   *   charge({ invoice: 42, fence: lease.fence, signal: lease.signal }),
   * );
   * ```
   */
  request<T>(name: string, callback: (lease: Lease) => T): Promise<Awaited<T>>;
  /**
   * The same with options.
   *
   * @throws the signal's reason if `signal` aborted the wait.
   * @example
   * ```ts
   * await locks.request("import:nightly", { ttl: "1m", maxHold: "2h" }, async (lease) => {
   *   for (const batch of batches) await importBatch(batch, { signal: lease.signal, fence: lease.fence });
   * });
   * ```
   */
  request<T>(
    name: string,
    options: RequestOptions & { ifAvailable?: false | undefined },
    callback: (lease: Lease) => T,
  ): Promise<Awaited<T>>;
  /**
   * With `ifAvailable: true`: one attempt, and no wait. The callback is called with `null` if another holds the lock.
   *
   * @example
   * ```ts
   * await locks.request("cron:report", { ifAvailable: true, minHold: "50s" }, async (lease) => {
   *   if (lease) await sendReport(); // otherwise another instance has this tick
   * });
   * ```
   */
  request<T>(name: string, options: RequestOptions, callback: (lease: Lease | null) => T): Promise<Awaited<T>>;

  /**
   * Takes the lock, waiting for it up to `wait`. Release it when done, best by `await using`. Not renewed unless
   * `renew: true` says so.
   *
   * @throws {LockTimeoutError} if others held it for all of `wait`.
   * @throws {LockBackendError} if Redis did not answer, or refused.
   * @throws the signal's reason if `signal` aborted the wait.
   * @example
   * ```ts
   * await using lease = await locks.acquire("report", { ttl: "1m", wait: "5s" });
   * ```
   */
  acquire(name: string, options?: AcquireOptions): Promise<Lease>;

  /**
   * One attempt, which takes `commandTimeout` at most: the lease, or `null` if Redis said that another has it. An outage
   * throws.
   *
   * @throws {LockBackendError} if Redis did not answer, or refused.
   * @example
   * ```ts
   * await using lease = await locks.tryAcquire("cache:rebuild");
   * if (lease) await rebuildCache();
   * ```
   */
  tryAcquire(name: string, options?: AcquireOptions): Promise<Lease | null>;

  /**
   * Says who has the lock; with the default `fair: true` also how many stand in line.
   *
   * @throws {LockBackendError} if Redis did not answer, or refused: an outage never reads as free.
   * @example
   * ```ts
   * const { held, holders, remaining } = await locks.query("invoice:42");
   * if (held) console.log(`held by ${holders[0]?.owner ?? "somebody"} for ${remaining} ms more`);
   * ```
   */
  query(name: string): Promise<LockSnapshot>;

  /**
   * Every lock under the prefix, in no order. Pages through Redis without blocking it; what changes meanwhile may be
   * in it or not. One request for each page, and one for each name.
   *
   * @throws {LockBackendError} if Redis did not answer, or refused; while it is iterated.
   * @example
   * ```ts
   * for await (const { name, holders } of locks.list()) console.log(name, holders[0]?.owner);
   * ```
   */
  list(): AsyncIterable<LockSnapshot>;

  /**
   * A lease that {@link Lease.handOver} gave away, here or elsewhere; the name and the token are enough. Until `verify`
   * or `extend` has answered, its `held` is false and its `remaining()` 0: no clock's time travels between machines.
   *
   * @param serialized Its `ttl` and `minHold` go before those of the options.
   * @param options Whether to `renew`, and so on. Renewal begins once it is confirmed.
   * @throws {LockOptionsError} if it is not a serialized lease; at once, for this is not asynchronous.
   * @example
   * ```ts
   * const serialized = (await locks.acquire("video:9")).handOver();
   * await using lease = locks.restore(serialized, { renew: true });
   * if (!(await lease.verify())) throw new Error("too late");
   * ```
   */
  restore(serialized: SerializedLease, options?: AcquireOptions): Lease;

  /**
   * Frees the lock whoever holds it, and whatever `minHold` says: for operators. The old holder learns of it at its next
   * renewal, `verify` or `extend`.
   *
   * @returns Whether there was anything to free.
   * @throws {LockTimeoutError} if it went from holder to holder for all of `commandTimeout`.
   * @throws {LockBackendError} if Redis did not answer, or refused.
   */
  forceRelease(name: string): Promise<boolean>;

  /**
   * A function like `fn` that runs under the lock, as the callback of {@link request} does, and rejects as that does.
   *
   * @param fn Is called with the same `this` and the same arguments. It is not handed the lease.
   * @throws {LockOptionsError} if an option is not right; at once, for this is not asynchronous.
   * @example
   * ```ts
   * const chargeOnce = locks.wrap(charge, { name: ({ invoice }) => `invoice:${invoice}`, ttl: "1m" });
   * await chargeOnce({ invoice: 42 });
   * ```
   */
  wrap<This, Args extends unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    options: WrapOptions<Args>,
  ): (this: This, ...args: Args) => Promise<Awaited<Result>>;

  /**
   * The same locks with other defaults. Closing either closes both.
   *
   * @throws {LockOptionsError} if an option is not right; at once, for this is not asynchronous.
   * @example
   * ```ts
   * export default {
   *   async fetch(_request: Request, _env: Env, ctx: ExecutionContext): Promise<Response> {
   *     await locks.withOptions({ waitUntil: ctx }).request("cache", rebuildCache);
   *     return new Response("rebuilt");
   *   },
   * };
   * ```
   */
  withOptions(overrides: AcquireOptions): Locks;

  /**
   * Ends everything: waits and later calls reject with `LockClosedError`; leases are renewed for up to `grace`, then their
   * signal fires and they are released, for which each gets `commandTimeout`. The client stays open: it is yours.
   *
   * @param options `grace`: how long leases may go on, a duration from 0 up, `Infinity` included; `0` unless given.
   * @throws {LockOptionsError} if `grace` is not right.
   */
  close(options?: { grace?: Duration | undefined }): Promise<void>;
}
