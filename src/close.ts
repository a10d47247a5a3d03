import type { Core, Pending } from "./core.ts";
import { within } from "./limit.ts";

/** Ends all waits at once, lets held leases go on for up to `grace` ms, then gives everything back. */
export async function close({ clock, waits, holds, cleanUps }: Core, grace: number, limit: number): Promise<void> {
  async function finish(set: Set<Pending>, ms: number): Promise<void> {
    const settled = () => Promise.allSettled([...set].map(({ over }) => over));
    if (ms) await within(clock, ms, settled).catch(() => {});
    await Promise.all([...set].map((each) => each.end()));
  }
  await finish(waits, 0);
  await finish(waits, limit);
  await finish(holds, grace);
  await finish(cleanUps, limit);
}
