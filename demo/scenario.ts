import { setTimeout as sleep } from "node:timers/promises";
import { type DemoEvent, now } from "./events.ts";
import type { Contender, Stage } from "./stage.ts";

export const OWNERS: string[] = ["ada", "ben", "cleo", "dan", "eve"];

/** Longer than any run: then something hangs. Milliseconds. */
const PATIENCE = 30_000;

/**
 * Sends the contenders off and directs what befalls them. Who gets the lock when is theirs to fight out; the second
 * that does crashes, the third is stopped, and goes on only when a later holder has written.
 *
 * @param events Filled while it runs, in the order of arrival.
 */
export async function play(stage: Stage, name: string, events: DemoEvent[]): Promise<void> {
  let grants = 0;
  let crashed: string | undefined;
  let stopped: { contender: Contender; fence: number } | undefined;
  let woken = false;
  const contenders = await stage.prepare(name, OWNERS, (event) => {
    events.push(event);
    if (event.type === "granted") grants++;
    if (event.type === "written") direct(event.who, event.fence);
  });

  function direct(who: string, fence: number): void {
    const contender = contenders.find(({ owner }) => owner === who) as Contender;
    const happens = (type: "killed" | "stopped" | "woken", owner: string) =>
      events.push({ type, who: owner, at: now() });
    if (grants < 2) return;
    if (!crashed) {
      crashed = who;
      happens("killed", who);
      contender.kill();
    } else if (!stopped && who !== crashed) {
      stopped = { contender, fence };
      happens("stopped", who);
      contender.stop();
    } else if (stopped && !woken && fence > stopped.fence) {
      woken = true;
      happens("woken", stopped.contender.owner);
      stopped.contender.wake();
    }
  }

  const patience = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`The contenders were not done after ${PATIENCE / 1000} s.`);
  });
  try {
    await Promise.race([Promise.all(contenders.map((contender) => contender.go())), late]);
  } finally {
    late.catch(() => {});
    patience.abort();
    // They arrive from several processes: order them by the clock that all of them share.
    events.sort((a, b) => a.at - b.at);
  }
}
