/**
 * One caller in the fleet computes, and whoever waited gets its result.
 *
 * @module holdfast/single-flight
 */
import { cleanUp } from "./clean-up.ts";
import type { Call, Inside } from "./core.ts";
import { PREPARE } from "./core.ts";
import { LockOptionsError } from "./errors.ts";
import type { Landed } from "./flight-share.ts";
import { together } from "./flight-share.ts";
import { flightStore } from "./flight-store.ts";
import type { Lease } from "./lease.ts";
import type { Locks } from "./locks.ts";
import { lostError } from "./lost.ts";
import { openLease } from "./open-lease.ts";
import type { AcquireOptions, Duration } from "./options.ts";
import { fits, milliseconds, refuse } from "./read-options.ts";
import type { Grant } from "./wait.ts";
import { acquire } from "./wait.ts";

/**
 * Another caller computed what this one waited for, and failed. Only with `onFailure: "fail"`. It is no `LockError`: the
 * lock did what it should. `cause` is what the other threw, if it is in this process and shares the wait.
 */
export class SingleFlightError extends Error {
  /** The name of the class, as it is printed in front of the message. */
  override readonly name = "SingleFlightError";
  /** Tells it from other errors, across copies of the package. */
  readonly code = "FAILED";
  /** The name of the flight, without the prefix. */
  readonly lockName: string;

  /** @internal Made by the library alone. */
  constructor(lockName: string, options?: { cause?: unknown }) {
    super(`Another caller computed ${JSON.stringify(lockName)}, and failed.`, options);
    this.lockName = lockName;
  }
}

/** Options of {@link singleFlight}, besides those of a lock. A flight always has a fence, and stands in no line. */
export interface SingleFlightOptions<Value, Result> extends Omit<AcquireOptions, "fence" | "fair"> {
  /**
   * How long the result is there for others, from 1 ms to 30 days: a duration, or how to make one from what was computed
   * (a token's `expires_in`). Counted from when it is left in Redis. `0` keeps nothing. A bare number under 1000 is
   * refused; from a function it is not. Who waits pauses for half of it at most; for 1 s where it is a function, whose
   * result may be over before they ask again if it says less than 2 s.
   */
  keep: Duration | ((value: Value) => Duration);
  /**
   * Makes a text of what was computed. The text rests in Redis for as long as it is kept: encrypt what is secret. What it
   * throws is an error of the computation.
   * @default `JSON.stringify`
   */
  encode?: ((value: Value) => string | Promise<string>) | undefined;
  /** Makes the result of a text, for everyone, the caller who computed included. @default `JSON.parse` */
  decode?: ((text: string) => Result | Promise<Result>) | undefined;
  /**
   * What becomes of those who wait when the computation fails: `"retry"`, they try in turn; `"fail"`, they reject with a
   * `SingleFlightError`. A failure is never kept for those who come later.
   * @default "retry"
   */
  onFailure?: "retry" | "fail" | undefined;
  /**
   * Whether callers through one `locks` in one process share one wait. Never across the requests of a Worker: a promise
   * of another request does not settle there.
   * @default true over `ioredis` and `nodeRedis`, false elsewhere
   */
  share?: boolean | undefined;
}

const OWN = ["keep", "encode", "decode", "onFailure", "share"];
const MONTH = 30 * 86_400_000;
/** A failure has to outlast the pause of who waits for it, and nobody else is told. */
const FAILURE = 5000;
/** The longest pause where nobody knows how long the result will be there. The default of `retry` is no longer. */
const PAUSE = 1000;

const toJson = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value));
const fromJson = (text: string): unknown => (text === "" ? undefined : JSON.parse(text));

/**
 * One caller in the fleet computes; whoever waited meanwhile, or comes within `keep`, gets its result without computing.
 *
 * The computation runs under the lock of this name, renewed, and its result is left in the step that releases the lock,
 * by the holder of the lock alone: a lease that was lost leaves nothing. Results pass through `encode` and `decode` for
 * everyone, so what JSON makes of a `Date` shows on the first run. **They rest in Redis**, readable for whoever can read
 * there, for as long as they are kept.
 *
 * @param locks Made by `createLocks` of the same copy of the package.
 * @param name The name of a lock: any text of 1 to 1024 bytes in UTF-8. Share it with locks of the same purpose only.
 * @param options How long to keep the result, and how to wait for it: `wait` has to be as long as a computation takes.
 * @param compute Is handed the lease: pass on its `signal` and `fence`. Its error goes to its own caller, untouched.
 * @throws {LockTimeoutError} if others computed for all of `wait`.
 * @throws {LockLostError} if the lock was lost before the result could be left; `result` has it.
 * @throws {LockBackendError} if Redis did not answer, or refused.
 * @throws {SingleFlightError} with `onFailure: "fail"`, if another's computation failed.
 * @throws {LockOptionsError} if the name or an option is not right, or `locks` are of another copy of the package.
 * @example
 * ```ts
 * import { singleFlight } from "holdfast/single-flight";
 *
 * const rates = await singleFlight(locks, "rates:EUR", { keep: "1m" }, ({ signal }) => fetchRates("EUR", { signal }));
 * ```
 */
export async function singleFlight<Value, Result = Awaited<Value>>(
  locks: Locks,
  name: string,
  options: SingleFlightOptions<Awaited<Value>, Result>,
  compute: (lease: Lease) => Value,
): Promise<Result> {
  const inside = Object(locks) as Partial<Inside>;
  if (!inside[PREPARE])
    throw new LockOptionsError(
      "singleFlight() takes locks made by createLocks of the same copy of holdfast. Import both the same way: one version, both by import or both by require.",
    );
  if (typeof compute !== "function") refuse("compute", compute, "a function");
  const { keep, encode = toJson, decode = fromJson, onFailure = "retry", share } = Object(options) as typeof options;
  if (onFailure !== "retry" && onFailure !== "fail") refuse("onFailure", onFailure, '"retry" or "fail"');
  for (const [option, value] of Object.entries({ encode, decode }))
    if (typeof value !== "function") refuse(option, value, "a function");
  if (typeof (share ?? true) !== "boolean") refuse("share", share, "a boolean");
  if ((Object(options) as AcquireOptions).fence === false)
    throw new LockOptionsError("fence: false: a flight always has a fence.");
  if ((Object(options) as AcquireOptions).fair === true)
    throw new LockOptionsError("fair: true: a flight stands in no line; who waits for its result gets it all at once.");
  const failing = onFailure === "fail";
  const steady = typeof keep === "function" ? undefined : readKeep(keep);
  // Nobody sleeps through the time in which the result is there.
  const pause = Math.min(steady === undefined ? PAUSE : (steady || MONTH) / 2, failing ? PAUSE : MONTH);
  const call = inside[PREPARE](name, { ...options, fence: true } as AcquireOptions, true, OWN);

  async function fly(call: Call, lost = () => {}): Promise<Landed<Result>> {
    const flight = flightStore(call.store, failing);
    const grant = (await acquire(
      {
        ...call,
        store: flight.store,
        delay: (attempt) => Math.min(call.delay(attempt), pause),
        tell:
          call.tell &&
          ((event) => {
            if (event.type !== "acquired" || !flight.served) call.tell?.(event);
          }),
      },
      false,
    )) as Grant;
    const { served } = flight;
    if (served) {
      if (flight.unsure) void cleanUp(call, grant.token);
      if (served.outcome === "kept") return { text: served.label };
      return { thrown: new SingleFlightError(name), before: flight.asked };
    }

    const { lease, conclude } = openLease({ ...call, store: flight.store }, grant.token, grant.fence, grant);
    lease.signal.addEventListener("abort", lost);
    let landed: Landed<Result>;
    let life = failing ? FAILURE : 0;
    try {
      const value = await compute(lease);
      const text = await encode(value);
      if (!fits(text, Infinity)) refuse("What encode made", text, "well-formed text");
      const result = (await decode(text)) as Result;
      life = steady ?? milliseconds("keep", (keep as (value: Value) => Duration)(value), 0, MONTH);
      landed = { text, result };
    } catch (thrown) {
      landed = { thrown };
    }
    const value = `${grant.fence} ${"text" in landed ? `=${landed.text}` : "!"}`;
    // A lease that is lost while it is being released leaves nothing any more.
    flight.cargo = (token) =>
      life && token === grant.token && !lease.signal.aborted ? { token, keep: life, value } : undefined;
    const reason = await conclude();
    if (reason && "text" in landed) throw lostError(name, reason, landed.result);
    return landed;
  }

  const told = (cause: unknown) =>
    cause instanceof SingleFlightError ? cause : new SingleFlightError(name, { cause });
  const shared = share ?? (call.store.parts ?? [call.store]).every(({ wire }) => wire?.sharesProcess);
  const landed = shared ? await together(call, failing ? told : undefined, fly) : await fly(call);
  if ("thrown" in landed) throw landed.thrown;
  return "result" in landed ? (landed.result as Result) : ((await decode(landed.text)) as Result);
}

function readKeep(keep: unknown): number {
  const bare = Number(typeof keep === "string" ? Number.NaN : keep);
  if (bare > 0 && bare < 1000) refuse("keep", keep, `"${bare}s" or "${bare}ms": below 1000 a bare number is ambiguous`);
  return milliseconds("keep", keep, 0, MONTH);
}
