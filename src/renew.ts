import { renewalPause } from "./deadline.ts";
import { classify } from "./failure.ts";
import type { Hold } from "./hold.ts";
import { backendError, within } from "./limit.ts";

/**
 * Extends a hold every third of its ttl until it ends, and twice as often while Redis does not answer. An unknown
 * outcome changes nothing: the deadline decides.
 */
export function renew(hold: Hold): void {
  const { background: clock } = hold.core;
  const { commandTimeout, maxHold } = hold.settings;
  const stopAt = hold.since + maxHold;

  async function tick(): Promise<void> {
    if (!hold.alive() || !hold.held()) return;
    const began = clock.monotonic();
    if (began >= stopAt) return;
    const ttl = hold.ttl;
    const limit = Math.min(commandTimeout, ttl / 3);
    try {
      await hold.serial(async () => hold.held() && hold.refresh(ttl, (command) => within(clock, limit, command)));
      hold.unanswered = false;
      if (!hold.held()) return;
      hold.renewals++;
      hold.emit("renewed", { attempts: hold.renewals });
    } catch (thrown) {
      hold.unanswered = true;
      const error = backendError(hold.keys.name, "renew", classify(thrown));
      if (!hold.ended) hold.emit("failed", { during: "renew", error });
    }
    const pause = renewalPause(hold.ttl, !hold.unanswered);
    next(hold.unanswered ? began + pause - clock.monotonic() : pause);
  }

  function next(ms: number): void {
    if (hold.held()) hold.renewal = clock.timer(Math.max(1, ms), () => void tick());
  }

  next(renewalPause(hold.ttl, true));
}
