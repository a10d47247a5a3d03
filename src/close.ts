import type { Core, Pending } from "./core.ts";
import { within } from "./limit.ts";

/** Ends all waits at once, lets held leases go on for up to `grace` ms, then gives everything back. */
export async function close({ clock, waits, holds, cleanUps }: Core, grace: number, limit: number): Promise<void> {
  const over = (pending: Set<Pending>, ms: number) =>
    within(clock, ms, Promise.all([...pending].map((each) => each.over))).catch(() => {});
  const end = (pending: Set<Pending>) => Promise.all([...pending].map((each) => each.end()));

  await end(waits);
  await over(waits, limit);
  if (grace) await over(holds, grace);
  await end(holds);
  await over(cleanUps, limit);
  await end(cleanUps);
}
