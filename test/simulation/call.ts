import { isLockError } from "../../src/index.ts";
import type { Client } from "./client.ts";
import type { World } from "./world.ts";

/** What timers and the last command of a call may add to a limit, besides their lateness. */
const SLACK = 15;

/** A call of the library that is under way. */
export interface Call {
  client: Client;
  what: string;
}

/** Watches one call: how long the client was running meanwhile, and that it ends at all. */
export async function call<T>(
  world: World,
  client: Client,
  what: string,
  limit: number,
  work: () => Promise<T>,
): Promise<T> {
  const open = { client, what };
  const began = client.clock.running();
  world.calls.add(open);
  world.history.add(() => `c${client.id} calls ${what}`);
  try {
    return await work();
  } finally {
    world.calls.delete(open);
    const took = client.clock.running() - began;
    world.history.add(() => `c${client.id} is done with ${what}`);
    // A late timer ends a sleep, the next one ends the command after it.
    const allowed = limit * 1.001 + SLACK + 3 * client.clock.lateness;
    if (took > allowed) world.witness.fail(11, `${what} took ${took.toFixed(1)} ms, its limit is ${limit.toFixed(1)}`);
  }
}

/** The code of an error of the library; what else it may be is in `known`. Anything more is wrong. */
export function codeOf(world: World, what: string, thrown: unknown, allowed: string, known?: unknown): string {
  if (known !== undefined && thrown === known) return "known";
  const code = isLockError(thrown) ? thrown.code : undefined;
  if (code && allowed.split(" ").includes(code)) return code;
  world.witness.fail(10, `${what} ended with ${(thrown as Error)?.stack ?? thrown}`);
  return "";
}
