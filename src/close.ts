import type { Core, Pending } from "./core.ts";
import { LockClosedError } from "./errors.ts";
import { within } from "./limit.ts";

/** Resolves when all of them are over, or after `ms`. */
async function over(core: Core, pending: Iterable<Pending>, ms: number): Promise<void> {
  const all = Promise.all([...pending].map((each) => each.over));
  await within(core.clock, ms, () => all).catch(() => {});
}

/** Ends all waits at once, lets held leases go on for up to `grace` ms, then gives everything back. */
export async function close(core: Core, grace: number, commandTimeout: number): Promise<void> {
  const { waits, holds, tasks } = core;
  for (const wait of waits) wait.interrupt(new LockClosedError("These locks were closed while a call waited."));
  await over(core, waits, commandTimeout);
  if (grace) await over(core, holds, grace);
  const discards = [...holds].map((hold) => {
    hold.lose("closed");
    return hold.discard();
  });
  await Promise.all(discards);
  await over(core, tasks, commandTimeout);
  for (const task of tasks) task.giveUp();
  core.background.stop();
}
