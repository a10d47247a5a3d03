import type { Call, Report } from "./core.ts";
import type { LockBackendError } from "./errors.ts";
import type { Hold } from "./hold.ts";

/**
 * Extends a hold every third of its ttl until it ends, or until `stopAt` on the monotonic clock, and twice as often
 * while Redis does not answer. An unknown outcome changes nothing: the deadline decides. `first`: what is left of the grant,
 * in milliseconds.
 */
export function renew(
  { background: clock, commandTimeout }: Call,
  hold: Hold,
  report: Report,
  stopAt: number,
  first: number,
): void {
  let attempts = 0;
  let span = first;

  async function tick(): Promise<void> {
    const began = clock.monotonic();
    if (!hold.alive() || !hold.left() || began >= stopAt) return;
    attempts++;
    try {
      // Asked once: the next tick asks again.
      const once = { clock, commandTimeout: Math.min(commandTimeout, hold.ttl / 3), until: 0, scope: hold.scope };
      const renewed = await hold.refresh("renew", hold.ttl, once);
      hold.overdue = "expired";
      if (renewed) report("renewed", { attempts });
      span = hold.ttl;
      next(span / 3);
    } catch (error) {
      hold.overdue = "unreachable";
      if (!hold.ended) report("failed", { during: "renew", attempts, error: error as LockBackendError });
      next(span / 6 + began - clock.monotonic());
    }
  }

  function next(pause: number): void {
    if (hold.left()) hold.renewal = clock.timer(Math.max(1, pause), () => void tick());
  }

  next(span / 3);
}
