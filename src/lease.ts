import { giveBack } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { reporter } from "./core.ts";
import { since } from "./deadline.ts";
import type { LockBackendError, LostReason } from "./errors.ts";
import { LockOptionsError } from "./errors.ts";
import { handleOf } from "./handle.ts";
import { createHold } from "./hold.ts";
import { lostError } from "./lost.ts";
import type { Duration } from "./options.ts";
import { readTtl } from "./options.ts";
import type { Stamped } from "./reply.ts";
import type { Signal } from "./signal.ts";

/** What {@link Lease.handOver} gives and `locks.restore` takes. Contains the token: whoever has it has the lock. */
export interface SerializedLease {
  /** The name of the lock, without the prefix: the other side needs the same prefix. */
  name: string;
  /** The secret that proves the holding. */
  token: string;
  /** The fencing token, if one was minted. */
  fence?: number | undefined;
  /** The ttl in milliseconds, 20 to 86,400,000, that `extend` and renewal go on with. @default the ttl of the options */
  ttl?: number | undefined;
  /** What is left of `minHold`, in milliseconds. @default the `minHold` of the options */
  minHold?: number | undefined;
  /** Whether a release hands the lock to the first in line. @default the `fair` of the options */
  fair?: boolean | undefined;
}

/**
 * A lock that is held, until it is released, lost, or its time is over. `await using` releases it.
 *
 * @example
 * ```ts
 * await using lease = await locks.acquire("invoice:42");
 * await charge({ invoice: 42, fence: lease.fence, signal: lease.signal });
 * ```
 */
export interface Lease extends AsyncDisposable {
  /** The name of the lock, without the prefix. */
  readonly name: string;

  /** The secret that proves the holding. Not for logs. */
  readonly token: string;

  /** The `owner` label it was taken with; `undefined` if it was none. */
  readonly owner: string | undefined;

  /** Always `"exclusive"` for now. */
  readonly mode: "exclusive";

  /**
   * The fencing token: larger for every later grant of this name, a safe integer. Hand it to the resource, which
   * refuses whatever comes with a smaller one than it has seen.
   * After Martin Kleppmann, "How to do distributed locking", 2016.
   *
   * @throws {LockOptionsError} if none was minted (`fence: false`), so that no `undefined` reaches a database.
   */
  readonly fence: number;

  /**
   * Until when the lock is held if nothing extends it, in whole epoch milliseconds of this machine's clock,
   * conservatively: before Redis frees it. `-Infinity` in a restored lease that was not verified.
   */
  readonly expiresAt: number;

  /** Milliseconds until {@link expiresAt}, with fractions; 0 once the lease has ended, and in a restored lease that was not verified. */
  remaining(): number;

  /**
   * Whether the lock is held: judged anew each time, so it is right on the line after a blocked event loop.
   * What Redis alone can know (a deletion, a failover) it learns at the next renewal, or from {@link verify}.
   */
  readonly held: boolean;

  /**
   * Aborts with a `LockLostError` when the lease is lost, before its ttl lets anyone else in: min(ttl / 10, 25 ms) before
   * the deadline. A release does not abort it.
   */
  readonly signal: Signal;

  /**
   * Extends the lock. Never shortens it. Renewal goes on with the longest ttl that was asked for, and `maxHold` does not
   * limit it.
   *
   * @param ttl From now, 20 ms to 24 h; unless given, the longest that was asked for so far.
   * @returns The new {@link expiresAt}.
   * @throws {LockLostError} if it is no longer held.
   * @throws {LockBackendError} if Redis did not answer in time; the old deadline holds then.
   */
  extend(ttl?: Duration): Promise<number>;

  /**
   * Asks Redis whether the lock is still held. In a Worker this is the way to know: clocks stand still there without
   * I/O. Extends nothing.
   *
   * @returns False when it is over; if it was lost, the signal has fired, too.
   * @throws {LockBackendError} if Redis did not answer in time, which says nothing about the lock.
   */
  verify(): Promise<boolean>;

  /**
   * Gives the lock back; with `minHold` the name stays locked for what is left of that. Called twice it answers the same.
   *
   * @returns True when this holder freed it; false when it was no longer ours, which is no error.
   * @throws {LockBackendError} if Redis did not answer until the deadline. The ttl frees it then.
   */
  release(): Promise<boolean>;

  /** Releases and never throws; what went wrong goes to `onEvent`. */
  [Symbol.asyncDispose](): Promise<void>;

  /**
   * Passes the lock on: what `locks.restore` takes, here or in another process. Afterwards this handle neither renews
   * nor releases, and its `held` is false.
   *
   * @throws {LockLostError} if it is no longer held.
   * @example
   * ```ts
   * const lease = await locks.acquire("import");
   * const message = JSON.stringify(lease.handOver());
   * // In the process that gets the message:
   * await using mine = locks.restore(JSON.parse(message), { renew: true });
   * if (!(await mine.verify())) throw new Error("too late: the lock is no longer held");
   * ```
   */
  handOver(): SerializedLease;

  /** Name, owner, mode and deadline, without the token: safe in a log. What `JSON.stringify` takes. */
  toJSON(): { name: string; owner: string | undefined; mode: "exclusive"; expiresAt: number };
}

type Property = "name" | "token" | "owner" | "mode" | "fence" | "expiresAt" | "held" | "signal";

/** A lease, and what `request` does with it. */
export interface Opened {
  lease: Lease;
  /** Releases without ever rejecting, and says why the lock was lost if it was. */
  conclude(): Promise<LostReason | undefined>;
}

/** A lease on a lock that was granted by this answer, or, without one, that Redis has yet to confirm. */
export function openLease(call: Call, token: string, fence?: number, granted?: Stamped): Opened {
  const { clock, name, minHold, commandTimeout } = call;
  const start = clock.monotonic();
  /** The label inside the token. */
  const owner = token.replace(/^\S* ?/, "") || undefined;
  const report = reporter(call, owner);
  const mode = "exclusive";
  let releasing: Promise<boolean> | undefined;
  let discarding: Promise<unknown> | undefined;
  /** Why it was no longer ours when it was released, if it was not. */
  let missed: LostReason | undefined;

  const soon = () => clock.monotonic() + commandTimeout;
  const hold = createHold(call, token, fence, report, () => {
    hold.lose("closed");
    return discard(soon());
  });
  const { deadline, left } = hold;

  /** Milliseconds for which the name is to be kept if it were released now. */
  const rest = () => Math.max(0, Math.ceil(minHold - (clock.monotonic() - start)));
  const expiresAt = () => Math.floor(clock.now() - since(clock, deadline));

  async function free(until: number): Promise<boolean> {
    const wasHeld = left() > 0;
    const { ended } = hold;
    const { reason } = Object(ended);
    if (ended === "handed over" || reason === "deleted" || reason === "taken") return false;
    hold.stop("released");
    const answer = await giveBack({ ...call, rest }, token, "release", until, (send) => hold.inTurn(clock, send));
    // Before the deadline an earlier copy of this release freed it, unless somebody deleted the key, which looks the same.
    const gone = wasHeld && since(clock, deadline) < 0 ? undefined : "expired";
    const missing: Record<string, LostReason | undefined> = { forced: "taken", unrecorded: "deleted", gone };
    missed = missing[answer.outcome];
    if (!missed) report("released");
    else if (!ended) report("lost", { reason: missed, error: lostError(name, missed) });
    return !missed;
  }

  function release(until = hold.confirmed ? deadline.mono : soon()): Promise<boolean> {
    releasing ??= free(until).catch((error: LockBackendError) => {
      report("failed", { during: "release", error });
      throw error;
    });
    return releasing;
  }

  function discard(until?: number): Promise<unknown> {
    discarding ??= release(until).catch(() => {});
    return discarding;
  }

  if (granted) hold.prolong(granted);

  // No function here may refer to the lease itself: timers keep them, and a lease that was dropped is to be collected.
  const lease = handleOf(
    {
      mode: () => mode,
      name: () => name,
      owner: () => owner,
      token: () => token,
      fence() {
        if (fence) return fence;
        throw new LockOptionsError("There is no fence: take the lock without fence: false.", { lockName: name });
      },
      expiresAt,
      held: () => left() > 0,
      signal: hold.signal,
    } satisfies { [Key in Property]: () => Lease[Key] },
    {
      remaining: left,
      async extend(ttl) {
        const ms = ttl === undefined ? hold.ttl : readTtl(ttl);
        call.store.check?.({ ttl: ms });
        if (!(await hold.refresh("extend", ms))) throw hold.lossError();
        hold.ttl = Math.max(hold.ttl, ms);
        hold.maxHoldAt = Math.max(hold.maxHoldAt, deadline.mono);
        return expiresAt();
      },
      verify: () => hold.refresh("verify"),
      release: () => release(),
      async [Symbol.asyncDispose]() {
        await discard();
      },
      handOver() {
        if (!hold.usable()) throw hold.lossError();
        hold.stop("handed over");
        return { name, token, fence, ttl: hold.ttl, minHold: rest(), fair: call.fair };
      },
      toJSON: () => ({ name, owner, mode, expiresAt: expiresAt() }),
    } satisfies Omit<Lease, Property>,
  ) as Lease;

  // A renewal must not keep a lease alive that the program has dropped; without one a WeakRef is dear. Old Workers have none.
  if (call.renew && globalThis.WeakRef) {
    const reference = new WeakRef(lease);
    hold.alive = () => !!reference.deref();
  }

  return {
    lease,
    async conclude() {
      // Before the release: afterwards the hold has ended in any case.
      left();
      const { reason } = Object(hold.ended);
      await discard();
      // A clock that stood still while the callback computed says only now that the deadline had passed.
      return reason ?? missed;
    },
  };
}
