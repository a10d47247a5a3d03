import { acquire } from "./acquire.ts";
import { platformClock } from "./clock.ts";
import type { Core } from "./core.ts";
import { backgroundClock, emitter } from "./core.ts";
import { close } from "./close.ts";
import { LockClosedError, LockLostError } from "./errors.ts";
import { Hold } from "./hold.ts";
import type { Keys } from "./keys.ts";
import { keysOf } from "./keys.ts";
import type { SerializedLease } from "./lease.ts";
import { Lease } from "./lease.ts";
import type { AcquireOptions, Duration, LocksOptions, RequestOptions, Settings } from "./options.ts";
import { given, milliseconds, readTtl, refuse, settle } from "./options.ts";
import type { LockSnapshot } from "./query.ts";
import { forceRelease, list, query } from "./query.ts";
import { createStore } from "./store.ts";
import { isToken } from "./token.ts";
import { assertTransport } from "./transport-check.ts";
import type { Transport } from "./transport.ts";

/** Options of `wrap`. */
export interface WrapOptions<Args extends unknown[]> extends AcquireOptions {
  /** The name of the lock, or how to make it from the arguments of the call. */
  name: string | ((...args: Args) => string);
}

/** Locks over one Redis. Made by {@link createLocks}. */
export interface Locks extends AsyncDisposable {
  /**
   * Takes the lock, keeps it alive while the callback runs, and releases it. Has the shape of the platform's
   * `LockManager.request` (Web Locks API).
   *
   * @param name Any text of 1 to 1024 bytes.
   * @param callback Its result, and its error, pass through untouched.
   * @throws {LockTimeoutError} if others held the lock for all of `wait`.
   * @throws {LockLostError} if the callback returned normally, but the lock was lost before that; `result` has what it
   *   returned.
   * @throws {LockBackendError} if Redis did not answer, or refused.
   * @example
   * ```ts
   * const receipt = await locks.request("invoice:42", { ttl: "30s" }, async (lease) =>
   *   charge({ fence: lease.fence, signal: lease.signal }),
   * );
   * ```
   */
  request<T>(name: string, callback: (lease: Lease) => T): Promise<Awaited<T>>;
  request<T>(
    name: string,
    options: RequestOptions & { ifAvailable?: false | undefined },
    callback: (lease: Lease) => T,
  ): Promise<Awaited<T>>;
  request<T>(name: string, options: RequestOptions, callback: (lease: Lease | null) => T): Promise<Awaited<T>>;

  /**
   * Takes the lock, waiting for it up to `wait`. Release it when done, best by `await using`.
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
   * One attempt: the lease, or `null` if Redis said that another has it. An outage throws.
   *
   * @throws {LockBackendError} if Redis did not answer, or refused.
   */
  tryAcquire(name: string, options?: AcquireOptions): Promise<Lease | null>;

  /** Says who has the lock. @throws {LockBackendError} during an outage: it never reads as free. */
  query(name: string): Promise<LockSnapshot>;

  /**
   * Every lock under the prefix, in no order. Pages through Redis without blocking it; what changes meanwhile may be
   * in it or not.
   *
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
   * @throws {LockOptionsError} if it is not a serialized lease.
   */
  restore(serialized: SerializedLease, options?: AcquireOptions): Lease;

  /**
   * Frees the lock whoever holds it: for operators. The old holder learns of it at its next renewal.
   *
   * @returns Whether there was anything to free.
   */
  forceRelease(name: string): Promise<boolean>;

  /**
   * A function like `fn` that runs under the lock.
   *
   * @example
   * ```ts
   * const refresh = locks.wrap(refreshToken, { name: (userId) => `token:${userId}` });
   * ```
   */
  wrap<This, Args extends unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    options: WrapOptions<Args>,
  ): (this: This, ...args: Args) => Promise<Awaited<Result>>;

  /**
   * The same locks with other defaults. Closing either closes both.
   *
   * @example
   * ```ts
   * export default { fetch: (request, env, ctx) => handle(locks.withOptions({ waitUntil: ctx })) };
   * ```
   */
  withOptions(overrides: AcquireOptions): Locks;

  /**
   * Ends everything: waits and later calls reject with `LockClosedError`; leases are renewed for up to `grace` (a
   * duration, `0` by default), then their signal fires and they are released. The client stays open: it is yours.
   */
  close(options?: { grace?: Duration | undefined }): Promise<void>;
}

/**
 * Locks over one Redis.
 *
 * @param transport An adapter: `ioredis(client)`, `nodeRedis(client)`, `upstash({ url, token })`, `memory()`,
 *   `command(send)`. An `@upstash/redis` client may be passed as it is.
 * @param defaults Options for every call, which each call can override.
 * @throws {LockOptionsError} if an option is not right, or the transport is a raw client.
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { upstash } from "holdfast/upstash";
 *
 * const locks = createLocks(upstash({ url, token }), { ttl: "30s" });
 * await locks.request("invoice:42", () => charge());
 * ```
 */
export function createLocks(transport: Transport, defaults?: LocksOptions): Locks {
  assertTransport(transport);
  const options = given(defaults, "locks");
  settle(options, false);
  const clock = options.clock ?? platformClock;
  const core: Core = {
    store: createStore(transport, clock),
    clock,
    background: backgroundClock(clock),
    emit: emitter(options.onEvent),
    holds: new Set(),
    waits: new Set(),
    tasks: new Set(),
    closing: undefined,
  };
  return locksOver(core, options);
}

function locksOver(core: Core, defaults: LocksOptions): Locks {
  function prepare(name: string, options: RequestOptions | undefined, where: "call" | "request", renew = false) {
    if (core.closing) throw new LockClosedError("These locks were closed.", name);
    const settings = settle({ ...defaults, ...given(options, where) }, renew);
    return { settings, keys: keysOf(settings.prefix, name) };
  }

  function leaseOf(hold: Hold): Lease {
    const lease = new Lease(hold);
    // A renewal must not keep a lease alive that the program has dropped.
    if (typeof WeakRef === "function") {
      const reference = new WeakRef(lease);
      hold.alive = () => reference.deref() !== undefined;
    }
    return lease;
  }

  async function take(keys: Keys, settings: Settings, once: boolean): Promise<Lease | null> {
    const hold = await acquire(core, keys, settings, once);
    return hold && leaseOf(hold);
  }

  async function run<T>(name: string, options: RequestOptions, callback: (lease: Lease | null) => T): Promise<Awaited<T>> {
    const { settings, keys } = prepare(name, options, "request", true);
    if (typeof callback !== "function") refuse("callback", callback, "a function");
    const hold = await acquire(core, keys, settings, settings.ifAvailable);
    const lease = hold && leaseOf(hold);
    if (!hold) return await callback(null);
    try {
      const result = await callback(lease);
      hold.held();
      const lost = hold.ended instanceof LockLostError && hold.ended;
      await hold.discard();
      const { outcome } = hold;
      const reason = lost ? lost.reason : outcome === "forced" ? "taken" : outcome === "unrecorded" ? "deleted" : undefined;
      if (reason === undefined) return result;
      const message = `The lock ${JSON.stringify(name)} was lost (${reason}) before its callback returned. The work was done, unprotected: see result.`;
      throw new LockLostError(message, name, reason, result);
    } finally {
      await hold.discard();
    }
  }

  const locks: Locks = {
    async request<T>(
      name: string,
      options: RequestOptions | ((lease: Lease) => T),
      callback?: (lease: never) => T,
    ): Promise<Awaited<T>> {
      const [given, fn] = typeof options === "function" ? [{}, options] : [options, callback];
      return run(name, given, fn as (lease: Lease | null) => T);
    },

    async acquire(name, options) {
      const { keys, settings } = prepare(name, options, "call");
      return (await take(keys, settings, false)) as Lease;
    },

    async tryAcquire(name, options) {
      const { keys, settings } = prepare(name, options, "call");
      return take(keys, settings, true);
    },

    async query(name) {
      const { keys, settings } = prepare(name, undefined, "call");
      return query(core, keys, settings);
    },

    async *list() {
      yield* list(core, prepare("*", undefined, "call").settings);
    },

    restore(serialized, options) {
      const { name, token, fence, ttl, minHold } = Object(serialized) as SerializedLease;
      const { keys, settings } = prepare(name, options, "call");
      if (!isToken(token)) refuse("token", "<not shown>", "the token of a lease");
      if (fence !== undefined && !(Number.isSafeInteger(fence) && fence > 0)) refuse("fence", fence, "a positive integer");
      if (ttl !== undefined) settings.ttl = readTtl(ttl);
      if (minHold !== undefined) settings.minHold = milliseconds("minHold", minHold, 0, 86_400_000);
      return leaseOf(new Hold(core, keys, token, fence, settings));
    },

    async forceRelease(name) {
      const { keys, settings } = prepare(name, undefined, "call");
      return forceRelease(core, keys, settings);
    },

    wrap<This, Args extends unknown[], Result>(fn: (this: This, ...args: Args) => Result, options: WrapOptions<Args>) {
      const { name, ...rest } = options;
      if (typeof fn !== "function") refuse("fn", fn, "a function");
      if (typeof name !== "string" && typeof name !== "function") refuse("name", name, "a text or a function");
      settle({ ...defaults, ...given(rest, "call") }, true);
      return async function (this: This, ...args: Args): Promise<Awaited<Result>> {
        const called = typeof name === "function" ? name(...args) : name;
        return run(called, rest, () => fn.apply(this, args));
      };
    },

    withOptions: (overrides) => {
      const merged = { ...defaults, ...given(overrides, "call") };
      settle(merged, false);
      return locksOver(core, merged);
    },

    async close(options) {
      const grace = milliseconds("grace", options?.grace ?? 0, 0, Number.POSITIVE_INFINITY);
      core.closing ??= close(core, grace, settle(defaults, false).commandTimeout);
      return core.closing;
    },

    [Symbol.asyncDispose]: () => locks.close(),
  };
  return locks;
}
