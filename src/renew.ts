import { renewalPause } from "./deadline.ts";
import { backendError, classify } from "./failure.ts";
import type { Hold } from "./hold.ts";
import { within } from "./limit.ts";

/**
 * Extends a hold every third of its ttl until it ends, and twice as often while Redis does not answer. An unknown
 * outcome changes nothing: the deadline decides.
 */
export function renew(hold: Hold): void {
  const clock = hold.core.background;
  const { commandTimeout, maxHold } = hold.settings;
  const stopAt = hold.since + maxHold;
  let attempts = 0;

  async function tick(): Promise<void> {
    const began = clock.monotonic();
    if (!hold.alive() || !hold.held() || began >= stopAt) return;
    const { ttl } = hold;
    const limit = Math.min(commandTimeout, ttl / 3);
    attempts++;
    try {
      const renewed = await hold.serial(async () => {
        return hold.held() && hold.refresh(ttl, (command) => within(clock, limit, command()));
      });
      hold.unanswered = false;
      if (renewed) hold.emit("renewed", { attempts });
    } catch (thrown) {
      hold.unanswered = true;
      if (!hold.ended)
        hold.emit("failed", {
          during: "renew",
          attempts,
          error: backendError(hold.keys.name, "renew", classify(thrown)),
        });
    }
    next(hold.unanswered ? began - clock.monotonic() : 0);
  }

  function next(offset: number): void {
    const pause = Math.max(1, offset + renewalPause(hold.ttl, !hold.unanswered));
    if (hold.held()) hold.renewal = clock.timer(pause, () => void tick());
  }

  next(0);
}
