import { setTimeout as sleep } from "node:timers/promises";
import type { Group } from "./group.ts";

/** How often is looked for what is left of a group, in milliseconds. */
const LOOK = 25;
/** What was killed is gone within this; what is not is out of reach. */
const AFTER_KILL = 2000;

/** A moment on both clocks, of which the monotonic one is the same for all processes of a machine. */
export interface Deadline {
  mono: number;
  wall: number;
}

function monotonic(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

export function inMilliseconds(ms: number): Deadline {
  return { mono: monotonic() + ms, wall: Date.now() + ms };
}

/** Milliseconds until then, by the clock that leaves less. */
export function until({ mono, wall }: Deadline): number {
  return Math.min(mono - monotonic(), wall - Date.now());
}

/** How long before the deadline nothing may be left: timers are late on busy machines. */
export function margin(ttl: number): number {
  return Math.min(ttl / 10, 100);
}

/** What `run` is given before the guardian does its work, in milliseconds. */
const PRECEDENCE = 100;

/**
 * How long the guardian still waits with `left` milliseconds left. Between TERM and KILL is what `run` left of the time; if
 * it has begun, all that is left is the KILL, which a short grace does not put off.
 */
export function patience(left: number, grace: number, begun: boolean): number {
  return left - (begun ? 0 : Math.max(0, grace - PRECEDENCE));
}

/**
 * Ends a group: TERM, and KILL for what is left after `grace`, but no later than when `left` says that no time is.
 * Resolves when nothing of it is left, or what is left is out of reach, to whether nothing that it has started works on.
 */
export async function endGroup(group: Group, grace: number, left: () => number): Promise<boolean> {
  const patience = inMilliseconds(grace);
  if (Math.min(grace, left()) > 0) {
    group.send("SIGTERM");
    // Who is stopped cannot obey.
    group.send("SIGCONT");
  }
  for (;;) {
    const rest = Math.min(until(patience), left());
    if (rest <= 0) break;
    if (!group.left()) return true;
    await sleep(Math.min(rest, LOOK));
  }
  // Who is killed can end nothing any more.
  const strays = group.hasStrays();
  const end = inMilliseconds(AFTER_KILL);
  do {
    group.send("SIGKILL");
    await sleep(5);
  } while (group.left() && until(end) > 0);
  return !strays && !group.left();
}
