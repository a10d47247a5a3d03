import { platformClock } from "./clock.ts";
import { close } from "./close.ts";
import type { Call, Core, Inside } from "./core.ts";
import { closedError, PREPARE, unreferenced } from "./core.ts";
import { keysOf } from "./keys.ts";
import { competes, contended } from "./later.ts";
import type { SerializedLease } from "./lease.ts";
import type { Locks, WrapOptions } from "./locks.ts";
import { lostError } from "./lost.ts";
import type { Opened } from "./open-lease.ts";
import { openLease } from "./open-lease.ts";
import type { LocksOptions, RequestOptions } from "./options.ts";
import { forceRelease, list, query } from "./query.ts";
import type { Quorum } from "./quorum.ts";
import { given, milliseconds, refuse, settle } from "./read-options.ts";
import type { Store } from "./store.ts";
import { createStore } from "./store.ts";
import { isToken } from "./token.ts";
import type { Transport } from "./transport.ts";
import { assertTransport } from "./transport-check.ts";
import { acquire } from "./wait.ts";

type Callback<T> = (lease: never) => T;

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
    tell:
      onEvent &&
      (async (event) => {
        // What a user's handler throws is not ours, and must not stop what it was told of.
        try {
          await onEvent(event);
        } catch {}
      }),
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
