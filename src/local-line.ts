import type { Clock } from "./clock.ts";
import type { Call, Core } from "./core.ts";
import { since } from "./deadline.ts";
import { wake } from "./limit.ts";
import type { Stamped } from "./reply.ts";

/** One caller who waits here. */
export interface Waiter {
  /** What the lock can be handed to. */
  token?: string | undefined;
  call: Call;
  /** The grant that it was handed, and has not seen yet. */
  handed?: Stamped | undefined;
  /** A token that it may have been handed without our knowing. */
  spoilt?: string | undefined;
  /** When it asks Redis, on the monotonic clock: soon only if it is the first here. */
  due: number;
}

/** Everyone here who wants one name. */
export interface Line {
  waiters: Waiter[];
  /** The grant of a caller here, as far as is known. */
  holder?: (Stamped & { token: string }) | undefined;
  /** What Redis said last of another's lock. */
  busy?: Stamped | undefined;
  /** Until when it is another's turn, on the monotonic clock. */
  back: number;
}

/** By locks, and then by key. */
const lines = new WeakMap<Core, Map<string, Line>>();

export function linesOf(core: Core): Map<string, Line> {
  const known = lines.get(core) ?? new Map<string, Line>();
  lines.set(core, known);
  return known;
}

export function lineIn(here: Map<string, Line>, lock: string, clock: Clock): Line {
  const known = here.get(lock);
  if (known) return known;
  // Leases that end by themselves leave theirs behind.
  if (here.size % 64 === 63)
    for (const [key, old] of here) if (!old.waiters.length && !isHeld(old, clock)) here.delete(key);
  const line: Line = { waiters: [], back: -Infinity };
  here.set(lock, line);
  return line;
}

/** Whether a caller here has the lock, as far as is known. */
export const isHeld = ({ holder }: Line, clock: Clock): boolean => !!holder && since(clock, holder) < holder.left;

/** Tells the first that it is, now or at a time. */
export function stir({ waiters: [first] }: Line, due: number = Infinity): void {
  if (!first) return;
  first.due = due;
  wake(first.call.scope);
}
