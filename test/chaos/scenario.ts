import { setTimeout as sleep } from "node:timers/promises";
import type { Caught, Fleet, Worker } from "./fleet.ts";
import { now } from "./journal.ts";
import type { Step } from "./messages.ts";
import type { Stage, Start } from "./stage.ts";

/** What a scenario has to work with. */
export interface Scene {
  stage: Stage;
  fleet: Fleet;
  /** Milliseconds. */
  ttl: number;
  /** Of this round's seed. */
  random(): number;
  /** Runs when the scenario is over, whatever became of it. */
  defer: (cleanUp: () => Promise<unknown>) => void;
}

export interface Scenario {
  name: string;
  /**
   * What is expected of exclusion. `holds`: no two holders at any time. `fails`: data or time is lost, so that two
   * holders must be seen; the fence has to protect. `open`: either may be.
   */
  exclusion: "holds" | "fails" | "open";
  /** Whether the counter without a fence must be seen to lose an update. */
  breaksBare: boolean;
  /** Milliseconds. @default 600 */
  ttl?: number;
  /** All workers stand in line. @default false */
  fair?: boolean;
  /** All workers over REST instead of each client in turn. */
  rest?: boolean;
  /** A Redis that is not as usual. @default `startRedis` */
  start?(defer: Scene["defer"]): Promise<Start>;
  run(scene: Scene): Promise<void>;
}

/** A short ttl, so that much can expire in little time. */
export const TTL = 600;
/** So long that within it a server can be started again on a busy machine. */
export const LONG_TTL = 20_000;

export const others = ({ fleet }: Scene, ...these: Worker[]): Worker[] =>
  fleet.workers.filter((worker) => !these.includes(worker));

/** Longer than anybody's lock lasts unless it is renewed. */
export const pastTtl = ({ ttl }: Scene): Promise<void> => sleep(ttl * 1.3);

/** Does it, and waits until somebody was served after it was done. */
export async function recover({ fleet }: Scene, fault: () => Promise<unknown>): Promise<void> {
  await fault();
  await fleet.served(fleet.workers, "one", now());
}

/** Catches whoever comes to the step next; it goes on once the fault is there. */
export async function atStep(scene: Scene, step: Step, fault: (caught: Caught) => Promise<unknown>): Promise<void> {
  const caught = await scene.fleet.catch(step);
  await recover(scene, async () => {
    await fault(caught);
    caught.go();
  });
}

/** A holder stands still between its last look and its write, while the fault lets another in, and then writes. */
export async function behindItsBack(scene: Scene, holder: Caught, fault: () => Promise<unknown>): Promise<void> {
  const { worker } = holder;
  worker.kill("SIGSTOP");
  await fault();
  await scene.fleet.served(others(scene, worker));
  const awake = now();
  worker.kill("SIGCONT");
  holder.go();
  await scene.fleet.served([worker], "one", awake);
}
