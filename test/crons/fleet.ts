import { memory } from "../../adapters/memory.ts";
import { type AcquireOptions, type Clock, createLocks, isLockError, type Transport } from "../../src/index.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";

export const MINUTE = 60_000;

/** One server, and instances whose clocks are wrong by so many milliseconds, each with a scheduler on its own minute. */
export interface CronFleet {
  clock: VirtualClock;
  /** How often each tick was begun, by the minute that it is. */
  begun: Map<number, number>;
  /** Runs this many minutes. */
  run(minutes: number): Promise<void>;
}

export interface CronOptions {
  /** By how much each instance's clock is ahead, milliseconds. */
  ahead: number[];
  options: AcquireOptions;
  /** How long the work takes, milliseconds. */
  work?: number;
  /** The name that an instance gives the tick that its clock says it is; all have the same if absent. */
  name?(minute: number): string;
  /** Whether an instance dies in the middle of this tick. It is there again at its next one. */
  dies?(minute: number, instance: number): boolean;
  /** How late a timer of the instance is this time, milliseconds. */
  late?(): number;
}

/** The same time, by a clock that is set wrong. */
function wrong(clock: VirtualClock, ahead: number): Clock {
  return { ...clock, now: () => clock.now() + ahead, timer: clock.timer, randomBytes: clock.randomBytes };
}

export function cronFleet({ ahead, options, work = 1000, name, dies, late = () => 0 }: CronOptions): CronFleet {
  const clock = virtualClock();
  const store = memory({ clock });
  const begun = new Map<number, number>();
  const running = new Set<Promise<void>>();
  let over = false;

  /** A process: one that dies takes its locks, its timers and its connection with it. */
  async function tick(own: Clock, instance: number, minute: number): Promise<void> {
    let dead = false;
    const connection: Transport = {
      set: (...args) => (dead ? new Promise(() => {}) : store.set(...args)),
      eval: (...args) => (dead ? new Promise(() => {}) : store.eval(...args)),
    };
    const locks = createLocks(connection, { clock: own });
    const called = name ? name(minute) : "cron";
    const death = new Promise<void>((resolve) => {
      void locks
        .request(called, { ...options, ifAvailable: true }, async (lease) => {
          if (!lease) return;
          begun.set(minute, (begun.get(minute) ?? 0) + 1);
          if (!dies?.(minute, instance)) return new Promise<void>((done) => void clock.timer(work, done));
          await new Promise<void>((half) => void clock.timer(work / 2, half));
          dead = true;
          resolve();
        })
        .then(resolve, (error) => {
          if (!isLockError(error)) throw error;
          resolve();
        });
    });
    await death;
  }

  /** As crontab, node-cron and others do: at the full minute of the machine's own clock. */
  function schedule(instance: number): void {
    const own = wrong(clock, ahead[instance] as number);
    const pause = MINUTE - (own.now() % MINUTE);
    const minute = Math.round((own.now() + pause) / MINUTE);
    clock.timer(pause, () => {
      if (over) return;
      schedule(instance);
      clock.timer(late(), () => {
        const run = tick(own, instance, minute);
        running.add(run);
        void run.finally(() => running.delete(run));
      });
    });
  }

  return {
    clock,
    begun,
    async run(minutes) {
      // Half-way between two ticks, so that a whole number of them follows on every clock.
      await clock.advance(MINUTE - (clock.now() % MINUTE) + MINUTE / 2);
      for (const instance of ahead.keys()) schedule(instance);
      await clock.advance(minutes * MINUTE);
      over = true;
    },
  };
}

/** The ticks by how often they were begun. */
export function counts({ begun }: CronFleet): number[] {
  return [...begun.values()];
}
