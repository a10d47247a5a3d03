import type { Call } from "./core.ts";
import { reporter, track } from "./core.ts";
import type { LockBackendError } from "./errors.ts";
import type { Scope } from "./limit.ts";
import { persist, stop } from "./limit.ts";
import type { Settings } from "./read-options.ts";
import type { Released } from "./store.ts";

/**
 * Releases a token when its turn comes, and asks again until that is answered or `until` is over. `close` waits for it,
 * and gives it up after the time of one command.
 */
export function giveBack(
  call: Call,
  token: string,
  asked: string,
  until: number,
  inTurn: (send: () => Promise<Released>) => Promise<Released> = (send) => send(),
): Promise<Released> {
  const { store, cleanUps, commandTimeout } = call;
  const scope: Scope = {};
  const release = () =>
    persist({ ...call, until, scope }, asked, (send) => store.release(call, token, call.rest?.() ?? 0, send));
  const over = inTurn(release);
  const end = () => stop(scope, { definitive: true, message: "given up" });
  track(call, cleanUps, { until: until + commandTimeout, over, end });
  return over;
}

/**
 * Releases, in the background, a token that may have been granted without our knowing. Whatever arrives after that
 * finds the token spent. Tried for one ttl: after that nothing is left to free.
 */
export async function cleanUp(call: Call, token: string): Promise<void> {
  const { background: clock, ttl, waitUntil, store } = call;
  const report = reporter(call);
  const until = clock.monotonic() + ttl;
  const over = Promise.all(
    (store.parts ?? [store]).map((part) =>
      giveBack({ ...call, clock, store: part }, token, "clean up after", until).catch((error: LockBackendError) =>
        report("failed", { during: "clean-up", error }),
      ),
    ),
  );
  void handTo(waitUntil, over);
  await over;
}

export async function handTo(waitUntil: Settings["waitUntil"], work: Promise<unknown>): Promise<void> {
  try {
    await (typeof waitUntil === "function" ? waitUntil(work) : waitUntil?.waitUntil(work));
  } catch {
    // A request that is over takes no more work; the caller's own outcome matters more.
  }
}
