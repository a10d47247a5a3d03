/**
 * Checked by tsc and never run, by test/types/options.test.ts under `exactOptionalPropertyTypes` too: there an option
 * that does not allow `undefined` cannot be passed through from a variable that may be.
 */
import { memory } from "../../adapters/memory.ts";
import { upstash } from "../../adapters/upstash.ts";
import {
  type AcquireOptions,
  type Clock,
  createLocks,
  type Lease,
  type Locks,
  type LocksOptions,
  type RequestOptions,
  type SerializedLease,
} from "../../src/index.ts";

/** All of T's properties, each of which may be `undefined`. */
type Undefined<T> = { [K in keyof T]-?: undefined };

declare const unset: Undefined<AcquireOptions>;
declare const lease: Lease;
declare const locks: Locks;
declare const clock: Clock;

export const forCalls: AcquireOptions = unset;
export const forRequests: RequestOptions = { ...unset, ifAvailable: undefined };
export const forLocks: LocksOptions = { ...unset, prefix: undefined, clock: undefined, onEvent: undefined };
export const retry: AcquireOptions = {
  retry: { min: undefined, max: undefined, factor: undefined, jitter: undefined },
};
export const serialized: SerializedLease = {
  name: "x",
  token: "t",
  fence: undefined,
  ttl: undefined,
  minHold: undefined,
};

createLocks(memory({ clock: undefined }), undefined);
createLocks(memory({ clock }), { clock });
upstash({ url: "", token: "", fetch: undefined, timeout: undefined, allowHttp: undefined, subscribe: undefined });
locks.close({ grace: undefined });
lease.extend(undefined);
locks.wrap(() => {}, { name: "x", ...unset });

export const ctx: AcquireOptions = { waitUntil: { waitUntil: (_promise: Promise<unknown>): void => {} } };
export const hook: AcquireOptions = { waitUntil: (promise) => void promise.then() };
export const quiet: LocksOptions = { onEvent: () => {} };
export const telling: LocksOptions = { onEvent: async ({ type }) => console.log(type) };

// @ts-expect-error: a duration is a number or a text
export const wrongTtl: AcquireOptions = { ttl: new Date() };
// @ts-expect-error: "sharded" is no mode
export const wrongMode: AcquireOptions = { mode: "sharded" };
