import type { Call, Core } from "./core.ts";
import { closedError, track } from "./core.ts";
import { isLockError } from "./errors.ts";
import type { Scope } from "./limit.ts";
import { stop, within } from "./limit.ts";

/** What a caller is to be told of a computation that failed. `before`: who came later may not have waited for it. */
type Failed = { thrown: unknown; before?: number | undefined };

/** How a flight ended: with a text, or with a failure. */
export type Landed<Result> = { text: string; result?: Result } | Failed;

/** What the others in this process are told; `undefined`: it says nothing about them, they try in turn. */
type Told = { text: string } | Failed | undefined;

/** By locks, then by key. In one process only: what a Worker's request waits for, no other request can settle. */
const flights = new WeakMap<Core, Map<string, Promise<Told>>>();

/** Kept at the end of a wait for asking Redis who has the lock, in milliseconds: what the others here do is no answer. */
const LAST_WORD = 1000;

/**
 * Joins the flight that is under way in this process, or begins one that others can join. `failed`: where failures are
 * shared, what becomes of one. A flight calls `lost` when it has lost its lease: what it computes is for nobody else any
 * more, and it may never end.
 */
export async function together<Result>(
  call: Call,
  failed: ((cause: unknown) => unknown) | undefined,
  fly: (call: Call, lost: () => void) => Promise<Landed<Result>>,
): Promise<Landed<Result>> {
  const { clock, core, lock } = call;
  const under = flights.get(core) ?? new Map<string, Promise<Told>>();
  flights.set(core, under);
  const began = clock.monotonic();
  const until = began + call.wait;

  for (let joined = false; ; joined = true) {
    const rest = until - clock.monotonic();
    const limit = rest - Math.min(LAST_WORD, call.wait / 4);
    const other = under.get(lock);
    if (other && limit > 0) {
      const told = await join(call, limit, other);
      if (told && "text" in told) return told;
      if (told && failed && began <= (told.before ?? began)) return { thrown: failed(told.thrown) };
      continue;
    }
    const begin = (lost: () => void) => fly({ ...call, wait: joined ? Math.max(1, rest) : call.wait }, lost);
    const own = other ? begin(() => {}) : lead(under, lock, begin);
    return joined
      ? own.catch((error) => Promise.reject(sinceJoined(error, Math.round(clock.monotonic() - began))))
      : own;
  }
}

function lead<Result>(
  under: Map<string, Promise<Told>>,
  lock: string,
  begin: (lost: () => void) => Promise<Landed<Result>>,
): Promise<Landed<Result>> {
  let tell: (told: Told) => void = () => {};
  const told = new Promise<Told>((resolve) => {
    tell = resolve;
  });
  const nothing = () => tell(undefined);
  const own = begin(nothing);
  own.then((landed) => tell("text" in landed ? { text: landed.text } : landed), nothing);
  under.set(lock, told);
  // Before those who wait for it look for the next one.
  void told.then(() => under.delete(lock));
  return own;
}

/** Waits for another's flight as one waits for a lock: up to a limit, a signal, or the end of these locks. */
async function join(call: Call, limit: number, other: Promise<Told>): Promise<Told> {
  const { clock, signal, waits } = call;
  const scope: Scope = {};
  const abort = () => stop(scope, signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const over = within(clock, limit, () => other, scope)
    .catch(() => {
      if (scope.stopped) throw scope.stopped.reason;
      return undefined;
    })
    .finally(() => signal?.removeEventListener("abort", abort));
  track(call, waits, { until: clock.monotonic() + limit, over, end: () => stop(scope, closedError()) });
  return over;
}

/** The wait began before this attempt did. */
function sinceJoined(error: unknown, waited: number): unknown {
  if (!isLockError(error, "TIMEOUT")) return error;
  const message = error.message.replace(`all of ${error.waited} ms`, `all of ${waited} ms`);
  return Object.assign(error, { waited, message });
}
