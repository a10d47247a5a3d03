import { once } from "node:events";
import { type Clock, createLocks, isLockError, type Lease, type Transport } from "../src/index.ts";
import { type Happening, now, type Report } from "./events.ts";
import type { FencedResource } from "./resource.ts";

/** How fast it all goes. Durations in milliseconds. */
export interface Pace {
  ttl: number;
  /** A job is this many writes, each after a step of work: long enough to be renewed on the way. */
  steps: number;
  step: number;
}

export interface Part {
  name: string;
  owner: string;
  pace: Pace;
  transport: Transport;
  resource: FencedResource;
  report: Report;
  sleep(ms: number): Promise<unknown>;
  /** Where the contender's time can be made to stand still. */
  clock?: Clock;
}

/** Does its job once under the lock, however often it has to begin again. */
export async function contend(part: Part): Promise<void> {
  const { name, owner, pace, transport, clock } = part;
  const tell = (what: Happening) => part.report({ ...what, who: owner, at: now() });
  let held: Lease | undefined;
  const locks = createLocks(transport, {
    clock,
    owner,
    ttl: `${pace.ttl}ms`,
    wait: "30s",
    maxHold: "30s",
    retry: { min: 40, max: 160 },
    onEvent: ({ type }) => {
      if (type === "renewed" && held) tell({ type, until: now() + held.remaining() });
    },
  });

  for (;;) {
    tell({ type: "waiting" });
    try {
      await locks.request(name, async (lease) => {
        held = lease;
        tell({ type: "granted", fence: lease.fence, until: now() + lease.remaining() });
        await job(lease, part, tell);
      });
      break;
    } catch (error) {
      if (!isLockError(error, "LOST")) throw error;
    }
  }
  await locks.close();
  tell({ type: "finished" });
}

async function job(lease: Lease, part: Part, tell: (what: Happening) => void): Promise<void> {
  const { pace, resource, owner, sleep } = part;
  const { fence, signal } = lease;
  signal.addEventListener("abort", () => tell({ type: "lost", reason: signal.reason.reason }));

  for (let step = 1; step <= pace.steps; step++) {
    await sleep(pace.step);
    const late = !lease.held;
    if (late && !signal.aborted) await once(signal, "abort");
    // Code that heeds its signal ends here. This write goes out all the same, like one that was already on its way when
    // its process was stopped: then only the resource can tell.
    const { accepted, seen } = await resource.write(fence, `step ${step} of ${owner}`);
    tell(accepted ? { type: "written", fence } : { type: "refused", fence, seen });
    if (late || !accepted) return;
  }
  if (lease.held) tell({ type: "released" });
}
