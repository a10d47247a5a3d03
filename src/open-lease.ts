import { giveBack } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { reporter } from "./core.ts";
import { since } from "./deadline.ts";
import type { LockBackendError, LostReason } from "./errors.ts";
import { LockOptionsError } from "./errors.ts";
import { handleOf } from "./handle.ts";
import { createHold } from "./hold.ts";
import type { Lease } from "./lease.ts";
import { lostError } from "./lost.ts";
import { readTtl } from "./read-options.ts";
import type { Stamped } from "./reply.ts";

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
