import type { Core, Task } from "./core.ts";
import { track } from "./core.ts";
import { LockBackendError } from "./errors.ts";
import type { Keys } from "./keys.ts";
import { persist } from "./limit.ts";
import type { Settings } from "./options.ts";
import type { Grant } from "./store.ts";

/**
 * Releases, in the background, a token that may have been granted without our knowing. Whatever arrives after that
 * finds the token spent. Tried for one ttl: after that nothing is left to free.
 */
export function cleanUp(core: Core, keys: Keys, grant: Grant, { commandTimeout, waitUntil }: Settings): void {
  const { background: clock, store } = core;
  const began = clock.monotonic();
  const until = began + grant.ttl;

  async function work(): Promise<void> {
    try {
      await persist({ clock, limit: commandTimeout, until, name: keys.name, asked: "clean up after" }, (send) =>
        store.release(keys, grant, 0, send),
      );
    } catch (error) {
      if (!(error instanceof LockBackendError)) return;
      core.emit({ type: "failed", name: keys.name, ms: clock.monotonic() - began, attempts: 1, during: "clean-up", error });
    }
  }

  let giveUp: () => void = () => {};
  const over = Promise.race([work(), new Promise<void>((resolve) => { giveUp = resolve; })]);
  const task: Task = { until, over, giveUp };
  void over.then(() => core.tasks.delete(task));
  track(core.tasks, task, began);
  try {
    if (typeof waitUntil === "function") waitUntil(over);
    else waitUntil?.waitUntil(over);
  } catch {
    // A request that is over takes no more work; the caller's own outcome matters more.
  }
}
