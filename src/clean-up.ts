import type { Core } from "./core.ts";
import { track } from "./core.ts";
import type { LockBackendError } from "./errors.ts";
import type { Keys } from "./keys.ts";
import type { Stops } from "./limit.ts";
import { giveUp, persist } from "./limit.ts";
import type { Settings } from "./options.ts";
import type { Grant } from "./store.ts";

/**
 * Releases, in the background, a token that may have been granted without our knowing. Whatever arrives after that
 * finds the token spent. Tried for one ttl: after that nothing is left to free.
 */
export function cleanUp(core: Core, keys: Keys, grant: Grant, { commandTimeout: limit, waitUntil }: Settings): void {
  const { background: clock, store, emit } = core;
  const { name } = keys;
  const began = clock.monotonic();
  const until = began + grant.ttl;
  const stops: Stops = new Set();
  const over = persist({ clock, name, asked: "clean up after", limit, until, stops }, (send) =>
    store.release(keys, grant, 0, send),
  ).catch((error: LockBackendError) => {
    emit({ type: "failed", name, ms: clock.monotonic() - began, attempts: 1, during: "clean-up", error });
  });
  track(core, core.cleanUps, { until, over, end: () => giveUp(stops) });
  void handTo(waitUntil, over);
}

async function handTo(waitUntil: Settings["waitUntil"], work: Promise<unknown>): Promise<void> {
  try {
    await (typeof waitUntil === "function" ? waitUntil(work) : waitUntil?.waitUntil(work));
  } catch {
    // A request that is over takes no more work; the caller's own outcome matters more.
  }
}
