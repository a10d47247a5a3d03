import type { RetryOptions } from "./backoff.ts";
import { backoff } from "./backoff.ts";
import { platformClock } from "./clock.ts";
import { LockOptionsError } from "./errors.ts";
import { DEFAULT_RETRY } from "./limit.ts";
import type { LocksOptions, RequestOptions, WaitUntil } from "./options.ts";
import type { Signal } from "./signal.ts";

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
  fair: boolean;
  fence: boolean;
  owner?: string | undefined;
  signal?: Signal | undefined;
  waitUntil?: WaitUntil | undefined;
  prefix: string;
  ifAvailable: boolean;
  /** How long the record of a name has to live beyond its fence: longer than any lease. */
  life: number;
}

const DAY = 86_400_000;
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The options that every call takes. */
const DEFAULTS = {
  ttl: "30s",
  wait: "10s",
  maxAttempts: Infinity,
  retry: {},
  commandTimeout: "5s",
  renew: false,
  maxHold: undefined,
  minHold: 0,
  fair: false,
  fence: true,
  owner: undefined,
  signal: undefined,
  waitUntil: undefined,
  mode: "exclusive",
  steal: false,
};

export function refuse(what: string, value: unknown, expected: string): never {
  const shown =
    typeof value === "string" ? JSON.stringify(value) : Object(value) === value ? "an object" : String(value);
  throw new LockOptionsError(`${what} is ${shown}: expected ${expected}.`);
}

/** Whether it is a text of at most so many bytes in UTF-8, which cannot carry lone surrogates. */
export function fits(text: unknown, bytes: number): text is string {
  return typeof text === "string" && !/\p{Cs}/u.test(text) && new TextEncoder().encode(text).length <= bytes;
}

/** The number, if it is within the range; `value` is what was given for it. */
function inRange(what: string, value: unknown, number: unknown, min: number, max: number, expected: string): number {
  if (typeof number === "number" && number >= min && number <= max) return number;
  refuse(what, value, `${expected} from ${min} to ${max}`);
}

const whole = (number: unknown) => (Number.isSafeInteger(number) || number === Infinity ? number : undefined);

/** A duration in whole milliseconds, within its range. */
export function milliseconds(what: string, value: unknown, min: number, max: number): number {
  const [, digits, unit = ""] = (typeof value === "string" && /^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/.exec(value)) || [];
  const ms = digits ? Math.round(Number(digits) * (UNITS[unit] as number) * 1e3) / 1e3 : value;
  return inRange(what, value, whole(ms), min, max, 'whole milliseconds, or "250ms", "30s", "5m", "1h",');
}

/** A ttl in milliseconds. */
export function readTtl(value: unknown): number {
  const bare = typeof value === "number" || typeof value === "string" ? Number(value) : 0;
  if (bare > 0 && bare < 1000)
    refuse("ttl", value, `"${value}s" or "${value}ms": below 1000 a bare number is ambiguous`);
  return milliseconds("ttl", value, 20, DAY);
}

/**
 * The options without those that are `undefined`, which count as not given; refuses names that are not among the known
 * ones. The options of a call are known unless told otherwise; `also` adds to them.
 */
export function given<T extends object>(
  options = {} as T,
  also: string[] = [],
  known: object = DEFAULTS,
  what = "options",
): T {
  if (Object(options) !== options) refuse(what, options, "an object");
  const names = [...Object.keys(known), ...also];
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!names.includes(name)) refuse(`A name in ${what}`, name, `one of ${names.join(", ")}`);
    found[name] = value;
  }
  return found as T;
}

function readRetry(retry: unknown, random: () => number): (attempt: number) => number {
  if (typeof retry === "function") return retry as (attempt: number) => number;
  const own = given(retry as RetryOptions, [], DEFAULT_RETRY, "retry");
  const { min = DEFAULT_RETRY.min } = own;
  const merged = { ...DEFAULT_RETRY, max: Math.max(DEFAULT_RETRY.max, min), ...own };
  for (const [name, value] of Object.entries(merged)) {
    const least = name === "factor" ? 1 : name === "max" ? min : 0;
    inRange(`retry.${name}`, value, value, least, name === "jitter" ? 1 : DAY, "a number");
  }
  return (attempt) => backoff(attempt, random(), merged as Required<RetryOptions>);
}

/** Fills in the defaults, checks every value and what values say of one another. */
export function settle(options: LocksOptions & RequestOptions): Settings {
  const all = { ...DEFAULTS, clock: platformClock, prefix: "lock:", ifAvailable: false, ...options };
  const { clock, prefix, owner, signal, waitUntil, onEvent, maxAttempts } = all;
  type Name = keyof (LocksOptions & RequestOptions);
  const duration = (name: Name, min: number, max: number) => milliseconds(name, all[name], min, max);
  function check(name: Name, right: unknown, expected: string): void {
    if (!right) refuse(name, all[name], expected);
  }

  if (all.mode !== "exclusive" || all.steal) throw new LockOptionsError('mode: "shared" and steal do not exist yet.');
  for (const name of ["renew", "fair", "fence", "ifAvailable"] as const)
    check(name, typeof all[name] === "boolean", "a boolean");
  check("prefix", typeof prefix === "string", "a string");
  check("owner", owner === undefined || fits(owner, 256), "well-formed text of up to 256 bytes");
  check("onEvent", typeof (onEvent ?? check) === "function", "a function");
  check("signal", !signal || signal.addEventListener, "an AbortSignal");
  const handed = (waitUntil as { waitUntil?: unknown } | undefined)?.waitUntil ?? waitUntil ?? check;
  check("waitUntil", typeof handed === "function", "a function, or an object that has it");
  const minHold = duration("minHold", 0, DAY);
  const ttl = Math.max(readTtl(all.ttl), minHold);
  all.maxHold ??= Math.max(900_000, ttl);
  const maxHold = duration("maxHold", ttl, Infinity);
  return {
    ...all,
    ttl,
    minHold,
    maxHold,
    life: ttl + (maxHold === Infinity ? DAY : maxHold) + 3_600_000,
    wait: duration("wait", 0, Infinity),
    maxAttempts: inRange("maxAttempts", maxAttempts, whole(maxAttempts), 1, Infinity, "a whole number"),
    delay: readRetry(all.retry, () => clock.random()),
    commandTimeout: Math.min(duration("commandTimeout", 1, DAY), ttl),
  };
}
