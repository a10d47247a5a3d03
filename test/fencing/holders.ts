import { memory } from "../../adapters/memory.ts";
import { createLocks, type Lease } from "../../src/index.ts";
import { virtualClock } from "../support/virtual-clock.ts";

/** A holder that was paused past its ttl and wakes up, and the one who got the lock meanwhile. */
export async function holders(): Promise<{ stale: Lease; current: Lease }> {
  const clock = virtualClock();
  const locks = createLocks(memory({ clock }), { clock });
  const stale = await locks.acquire("account:7");
  await clock.advance(60_000);
  const current = await locks.acquire("account:7");
  return { stale, current };
}
