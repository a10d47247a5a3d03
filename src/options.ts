import type { RetryOptions } from "./backoff.ts";
import { backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { platformClock } from "./clock.ts";
import { LockOptionsError } from "./errors.ts";
import type { LockEvent } from "./events.ts";

/**
 * Milliseconds as a whole number, or a text: `"250ms"`, `"30s"`, `"30 s"`, `"5m"`, `"1h"`.
 */
export type Duration = number | string;

/** Anything that keeps a runtime alive until a promise has settled: `ctx.waitUntil`, or the `ctx` itself. */
export type WaitUntil =
  | ((promise: Promise<unknown>) => unknown)
  | { waitUntil(promise: Promise<unknown>): unknown };

/** How to take a lock, and how long to keep it. Every option has a default; `undefined` means "not given". */
export interface AcquireOptions {
  /**
   * After this Redis frees the lock by itself, whatever becomes of the holder: 20 ms to 24 h. Write `"250ms"` for less
   * than a second; a bare number under 1000 is refused, because who writes 30 means seconds.
   * @default "30s"
   */
  ttl?: Duration | undefined;
  /**
   * How long to wait for the lock, whatever happens on the wire. `0` is one attempt, `Infinity` waits for ever.
   * @default "10s"
   */
  wait?: Duration | undefined;
  /**
   * How many requests a wait may send, 1 or more. Release and renewal do not count. The other defaults send about 18
   * in 10 s; a Worker on the free plan has 50 for everything.
   * @default Infinity
   */
  maxAttempts?: number | undefined;
  /**
   * How long to pause between attempts: {@link RetryOptions}, or a function from the number of the attempt (1, 2, …)
   * to milliseconds. Nobody sleeps past the time at which the holder's lock expires, nor less than 5 ms.
   * @default { min: 50, max: 1000, factor: 2, jitter: 1 }
   */
  retry?: RetryOptions | ((attempt: number) => number) | undefined;
  /**
   * The limit on any one command of any method, 1 ms or more, never above the ttl. After it the outcome of the command
   * is unknown: it is asked again, or the call ends with a `LockBackendError`.
   * @default "5s"
   */
  commandTimeout?: Duration | undefined;
  /**
   * Whether to extend the lock every third of its ttl for as long as it is held.
   * @default true in `request` and `wrap`, false elsewhere
   */
  renew?: boolean | undefined;
  /**
   * Renewal stops here, and the lease is lost, so that a stuck job does not hold for ever. From the ttl up, or
   * `Infinity`. An explicit `extend` is exempt.
   * @default "15m", or the ttl if that is larger
   */
  maxHold?: Duration | undefined;
  /**
   * On release keep the name locked until this long after the grant: a cron tick on instances whose clocks differ runs
   * once. 0 to 24 h.
   * @default 0
   */
  minHold?: Duration | undefined;
  /** First come, first served across all processes. Only `false` for now. @default false */
  fair?: boolean | undefined;
  /** Mint a fencing token with each grant. `false` saves commands: 2 instead of 6 for a lock and its release. @default true */
  fence?: boolean | undefined;
  /** A label of up to 256 bytes that `query` and timeout errors show: a host, a job id. No secret. @default none */
  owner?: string | undefined;
  /** Abandons the wait; the call rejects with `signal.reason`. Once granted it has no effect. @default none */
  signal?: AbortSignal | undefined;
  /** Is handed each promise of a background clean-up. In a Worker: the `ctx`. @default none */
  waitUntil?: WaitUntil | undefined;
  /** Only `"exclusive"` for now. @default "exclusive" */
  mode?: "exclusive" | "shared" | undefined;
  /** Only `false` for now; operators have `forceRelease`. @default false */
  steal?: boolean | undefined;
}

/** Options of `request`. */
export interface RequestOptions extends AcquireOptions {
  /** Do not wait: when another holds the lock, call the callback at once, with `null`. @default false */
  ifAvailable?: boolean | undefined;
}

/** Options of `createLocks`: the defaults of every call, and what belongs to all of them. */
export interface LocksOptions extends AcquireOptions {
  /** Put before every name to make the key in Redis. @default "lock:" */
  prefix?: string | undefined;
  /** Time, timers and randomness. @default the platform's */
  clock?: Clock | undefined;
  /** Told of everything that happens to a lock. What it throws is ignored. @default none */
  onEvent?: ((event: LockEvent) => void) | undefined;
}

/** Options as the code uses them: every duration in milliseconds, every default filled in. */
export interface Settings {
  ttl: number;
  wait: number;
  maxAttempts: number;
  delay: (attempt: number) => number;
  commandTimeout: number;
  renew: boolean;
  maxHold: number;
  minHold: number;
  fence: boolean;
  owner: string | undefined;
  signal: AbortSignal | undefined;
  waitUntil: WaitUntil | undefined;
  prefix: string;
  ifAvailable: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR };

const DEFAULT_RETRY: Required<RetryOptions> = { min: 50, max: 1000, factor: 2, jitter: 1 };

const CALL = "ttl wait maxAttempts retry commandTimeout renew maxHold minHold fair fence owner signal waitUntil mode steal";
const REQUEST = " ifAvailable";
const LOCKS = " prefix clock onEvent";

export function refuse(what: string, value: unknown, expected: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : typeof value === "object" ? "an object" : String(value);
  throw new LockOptionsError(`${what} is ${shown}: expected ${expected}.`);
}

/** UTF-8 bytes, or `undefined` where the text has a lone surrogate, which UTF-8 cannot carry. */
export function utf8Length(text: string): number | undefined {
  try {
    return encodeURIComponent(text).replace(/%../g, "-").length;
  } catch {
    return undefined;
  }
}

/** A duration in milliseconds, within its range. `Infinity` counts as in range only when `max` is. */
export function milliseconds(what: string, value: unknown, min: number, max: number): number {
  let ms = value;
  if (typeof value === "string") {
    const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/.exec(value) ?? [];
    ms = Number(digits) * (UNITS[unit as string] as number);
  }
  const whole = Number.isInteger(ms) || ms === Number.POSITIVE_INFINITY;
  if (!whole || (ms as number) < min || (ms as number) > max || (ms !== max && (ms as number) > 365 * DAY)) {
    const unlimited = max === Number.POSITIVE_INFINITY ? "365 days, or Infinity" : `${max} ms`;
    refuse(what, value, `whole milliseconds, or a text like "250ms", "30s", "5m", "1h", from ${min} ms to ${unlimited}`);
  }
  return ms as number;
}

/** A ttl in milliseconds. */
export function readTtl(value: unknown): number {
  if (typeof value === "number" && value > 0 && value < SECOND) {
    refuse("ttl", value, `"${value}s", or "${value}ms" if milliseconds are meant; a bare number below 1000 is ambiguous`);
  }
  return milliseconds("ttl", value, 20, DAY);
}

function number(what: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number" || !(value >= min && value <= max)) refuse(what, value, `a number from ${min} to ${max}`);
  return value as number;
}

function typed<T>(what: string, value: T, type: "boolean" | "string" | "function"): T {
  // biome-ignore lint/suspicious/useValidTypeof: the type is one of three literals
  if (value !== undefined && typeof value !== type) refuse(what, value, `a ${type}`);
  return value;
}

function readRetry(retry: AcquireOptions["retry"], random: () => number): (attempt: number) => number {
  if (typeof retry === "function") return retry;
  if (typeof retry !== "object" || retry === null) refuse("retry", retry, "{ min, max, factor, jitter } or a function");
  known(retry, "min max factor jitter", "retry.");
  const { min = 50, max = Math.max(DEFAULT_RETRY.max, min), factor = 2, jitter = 1 } = retry;
  const all = {
    min: number("retry.min", min, 0, DAY),
    max: number("retry.max", max, min, DAY),
    factor: number("retry.factor", factor, 1, 1000),
    jitter: number("retry.jitter", jitter, 0, 1),
  };
  return (attempt) => backoff(attempt, random(), all);
}

function known(options: object, names: string, prefix = ""): void {
  for (const key of Object.keys(options)) {
    if (!names.split(" ").includes(key)) {
      throw new LockOptionsError(`There is no option "${prefix}${key}". Known here: ${names.replaceAll(" ", ", ")}.`);
    }
  }
}

/** The options without those that are `undefined`, which count as not given; refuses names that it does not know. */
export function given<T extends object>(options: T | undefined, where: "locks" | "request" | "call"): T {
  if (options === undefined) return {} as T;
  if (typeof options !== "object" || options === null) refuse("options", options, "an object");
  known(options, CALL + (where === "request" ? REQUEST : where === "locks" ? LOCKS : ""));
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Fills in the defaults, checks every value and what values say of one another. */
export function settle(options: LocksOptions & RequestOptions, renewByDefault: boolean): Settings {
  const { clock = platformClock, owner, signal, waitUntil, prefix = "lock:" } = options;
  for (const [name, supported, why] of [
    ["mode", "exclusive", 'Only "exclusive" is supported so far'],
    ["steal", false, "Stealing is not supported so far; use forceRelease(name)"],
    ["fair", false, "Fair waiting is not supported so far"],
  ] as const) {
    const value = options[name];
    if (value !== undefined && value !== supported) throw new LockOptionsError(`${name}: ${String(value)}. ${why}.`);
  }
  const minHold = milliseconds("minHold", options.minHold ?? 0, 0, DAY);
  const ttl = Math.max(readTtl(options.ttl ?? "30s"), minHold);
  const maxHold = milliseconds("maxHold", options.maxHold ?? Math.max(15 * MINUTE, ttl), 1, Number.POSITIVE_INFINITY);
  if (maxHold < ttl) refuse("maxHold", options.maxHold, `at least the ttl, which is ${ttl} ms`);
  const maxAttempts = number("maxAttempts", options.maxAttempts ?? Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY);
  if (maxAttempts % 1) refuse("maxAttempts", maxAttempts, "a whole number from 1 up, or Infinity");
  typed("owner", owner, "string");
  const bytes = owner && utf8Length(owner);
  if (bytes === undefined && owner || (bytes as number) > 256) refuse("owner", owner, "well-formed text of at most 256 bytes in UTF-8");
  if (signal !== undefined && typeof signal?.addEventListener !== "function") refuse("signal", signal, "an AbortSignal");
  if (waitUntil !== undefined && typeof waitUntil !== "function" && typeof waitUntil?.waitUntil !== "function") {
    refuse("waitUntil", waitUntil, "a function, or an object with a method waitUntil");
  }
  return {
    ttl,
    wait: milliseconds("wait", options.wait ?? 10 * SECOND, 0, Number.POSITIVE_INFINITY),
    maxAttempts,
    delay: readRetry(options.retry ?? DEFAULT_RETRY, clock.random),
    commandTimeout: Math.min(milliseconds("commandTimeout", options.commandTimeout ?? 5 * SECOND, 1, DAY), ttl),
    renew: typed("renew", options.renew, "boolean") ?? renewByDefault,
    maxHold,
    minHold,
    fence: typed("fence", options.fence, "boolean") ?? true,
    owner: owner || undefined,
    signal,
    waitUntil,
    prefix: typed("prefix", prefix, "string"),
    ifAvailable: typed("ifAvailable", options.ifAvailable, "boolean") ?? false,
  };
}
