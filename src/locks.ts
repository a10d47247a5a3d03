import { platformClock } from "./clock.ts";
import { close } from "./close.ts";
import type { Call, Core, Inside } from "./core.ts";
import { closedError, PREPARE, unreferenced } from "./core.ts";
import { keysOf } from "./keys.ts";
import { competes, contended } from "./later.ts";
import type { Lease, Opened, SerializedLease } from "./lease.ts";
import { openLease } from "./lease.ts";
import { lostError } from "./lost.ts";
import type { AcquireOptions, Duration, LocksOptions, RequestOptions } from "./options.ts";
import { given, milliseconds, refuse, settle } from "./options.ts";
import type { LockSnapshot } from "./query.ts";
import { forceRelease, list, query } from "./query.ts";
import type { Quorum } from "./quorum.ts";
import type { Store } from "./store.ts";
import { createStore } from "./store.ts";
import { isToken } from "./token.ts";
import type { Transport } from "./transport.ts";
import { assertTransport } from "./transport-check.ts";
import { acquire } from "./wait.ts";

type Callback<T> = (lease: never) => T;

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

/**
 * Locks over one Redis, or over several independent ones. Connects to nothing and sends nothing by itself.
 *
 * @param transport An adapter: `ioredis(client)`, `nodeRedis(client)`, `upstash({ url, token })`, `memory()`,
 *   `command(send)`. An `@upstash/redis` client may be passed as it is. Or the `quorum` of several, from `holdfast/quorum`.
 * @param defaults Options for every call, which each call can override; `prefix`, `clock` and `onEvent` only here.
 * @throws {LockOptionsError} if an option is not right, or the transport is a raw client.
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { upstash } from "holdfast/upstash";
 *
 * const locks = createLocks(upstash.fromEnv(env), { ttl: "30s" });
 * await locks.request("invoice:42", (lease) => charge({ invoice: 42, fence: lease.fence }));
 * ```
 */
export function createLocks(transport: Transport | Quorum, defaults?: LocksOptions): Locks {
  const options = given(defaults, ["prefix", "clock", "onEvent"]);
  const { clock = platformClock, onEvent } = options;
  const core: Core = {
    store: isQuorum(transport) ? (transport.open(clock) as Store) : createStore(assertTransport(transport), clock),
    clock,
    background: unreferenced(clock),
    tell: async (event) => {
      // What a user's handler throws is not ours, and must not stop what it was told of.
      try {
        await onEvent?.(event);
      } catch {}
    },
    waits: new Set(),
    holds: new Set(),
    cleanUps: new Set(),
  };
  return locksOver(core, options);
}

function isQuorum(candidate: Transport | Quorum): candidate is Quorum {
  return !!Object(candidate).majority;
}

function locksOver(core: Core, defaults: LocksOptions): Locks {
  const { commandTimeout } = settle(defaults);

  function prepare(name: unknown, options?: RequestOptions, renew = false, also?: string[]): Call {
    if (core.closing) throw closedError();
    const all = { renew, ...defaults, ...given(options, also) };
    core.store.check?.(all);
    const settings = settle(all);
    core.store.check?.({ ttl: settings.ttl });
    return { ...settings, ...core, core, ...keysOf(settings.prefix, name), scope: {} };
  }

  async function take(alone: Call, once: boolean): Promise<Opened | null> {
    let call = once ? { ...alone, wait: 0 } : alone;
    if (competes(call)) call = await contended(call);
    if (core.closing) throw closedError();
    const grant = await acquire(call, once);
    return grant && openLease(call, grant.token, grant.fence, grant);
  }

  async function run<T>(name: string, options: RequestOptions, callback: Callback<T>): Promise<Awaited<T>> {
    if (typeof callback !== "function") refuse("callback", callback, "a function");
    const call = prepare(name, options, true, ["ifAvailable"]);
    const opened = await take(call, call.ifAvailable);
    if (!opened) return callback(null as never) as Awaited<T>;
    try {
      const result = await callback(opened.lease as never);
      const lost = await opened.conclude();
      if (lost) throw lostError(name, lost, result);
      return result;
    } finally {
      await opened.conclude();
    }
  }

  const locks: Locks & Inside = {
    [PREPARE]: prepare,

    request: async <T>(name: string, options: RequestOptions | Callback<T>, callback?: Callback<T>) =>
      typeof options === "function" ? run(name, {}, options) : run(name, options, callback as Callback<T>),

    acquire: async (name, options) => ((await take(prepare(name, options), false)) as Opened).lease,

    tryAcquire: async (name, options) => (await take(prepare(name, options), true))?.lease ?? null,

    query: async (name) => query(await contended(prepare(name))),

    async *list() {
      yield* list(prepare("*"));
    },

    restore(serialized, options) {
      const { name, token, fence, ttl, minHold, fair } = Object(serialized) as SerializedLease;
      const call = prepare(name, {
        ...options,
        ttl: typeof ttl === "number" ? `${ttl}ms` : (ttl ?? options?.ttl),
        minHold: minHold ?? options?.minHold,
        fair: fair ?? options?.fair,
      });
      if (!isToken(token)) refuse("token", undefined, "the token of a lease (not shown here)");
      if (fence !== undefined && !(Number.isSafeInteger(fence) && fence > 0))
        refuse("fence", fence, "a positive integer");
      const release: Store["release"] = async (...args) => (await contended(call)).store.release(...args);
      return openLease({ ...call, store: { ...call.store, release } }, token, fence).lease;
    },

    forceRelease: async (name) => forceRelease(await contended(prepare(name))),

    wrap<This, Args extends unknown[], Result>(fn: (this: This, ...args: Args) => Result, options: WrapOptions<Args>) {
      const { name, ...rest } = options;
      prepare(typeof name === "function" ? "*" : name, rest);
      return async function (this: This, ...args: Args): Promise<Awaited<Result>> {
        return run(typeof name === "function" ? name(...args) : name, rest, () => fn.apply(this, args));
      };
    },

    withOptions: (overrides) => locksOver(core, { ...defaults, ...given(overrides) }),

    async close(options) {
      const ms = milliseconds("grace", options?.grace ?? 0, 0, Infinity);
      core.closing ??= close(core, ms, commandTimeout);
      return core.closing;
    },

    [Symbol.asyncDispose]: () => locks.close(),
  };
  return locks;
}
