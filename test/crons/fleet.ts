import { memory } from "../../adapters/memory.ts";
import { type Clock, createLocks, isLockError, type Transport } from "../../src/index.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";
import type { OwnDate, Recipe } from "./recipes.ts";

export const MINUTE = 60_000;

/** One server, and instances whose clocks are wrong by so many milliseconds, each with a scheduler on its own minute. */
export interface CronFleet {
  clock: VirtualClock;
  /** How often each tick was begun, by the minute that is nearest on the clock of who began it. */
  begun: Map<number, number>;
  /** Runs this many minutes. */
  run(minutes: number): Promise<void>;
}

export interface CronOptions {
  /** By how much each instance's clock is ahead, milliseconds. */
  ahead: number[];
  recipe: Recipe;
  /** How long the work takes, milliseconds. */
  work?: number;
  /** Whether an instance dies in the middle of this tick. It is there again at its next one. */
  dies?(minute: number, instance: number): boolean;
  /** How late a timer of the instance is this time, milliseconds; early if negative. */
  late?(instance: number): number;
}

/** The same time, by a clock that is set wrong. */
function wrong(clock: VirtualClock, ahead: number): Clock {
  return { ...clock, now: () => clock.now() + ahead, timer: clock.timer, randomBytes: clock.randomBytes };
}

const dateOf = ({ now }: Clock): OwnDate =>
  class extends Date {
    static override now = now;
  };

export function cronFleet({ ahead, recipe, work = 1000, dies, late = () => 0 }: CronOptions): CronFleet {
  const clock = virtualClock();
  const store = memory({ clock });
  const begun = new Map<number, number>();
  let over = false;

  /** A process: one that dies takes its locks, its timers and its connection with it. */
  function tick(own: Clock, instance: number): void {
    let dead = false;
    const connection: Transport = {
      set: (...args) => (dead ? new Promise(() => {}) : store.set(...args)),
      eval: (...args) => (dead ? new Promise(() => {}) : store.eval(...args)),
    };
    async function sendReport(): Promise<void> {
      const minute = Math.round(own.now() / MINUTE);
      begun.set(minute, (begun.get(minute) ?? 0) + 1);
      if (!dies?.(minute, instance)) return new Promise((done) => void clock.timer(work, done));
      await new Promise<void>((half) => void clock.timer(work / 2, half));
      dead = true;
      return new Promise(() => {});
    }
    recipe(createLocks(connection, { clock: own }), sendReport, dateOf(own)).catch((error) => {
      if (!isLockError(error)) throw error;
    });
  }

  /** As crontab, node-cron and others do: at the full minute of the machine's own clock. */
  function schedule(instance: number, own: Clock, minute: number): void {
    clock.timer(minute * MINUTE - own.now() + late(instance), () => {
      if (over) return;
      schedule(instance, own, minute + 1);
      tick(own, instance);
    });
  }

  return {
    clock,
    begun,
    async run(minutes) {
      // Half-way between two ticks, so that a whole number of them follows on every clock.
      await clock.advance(MINUTE - (clock.now() % MINUTE) + MINUTE / 2);
      for (const [instance, by] of ahead.entries()) {
        const own = wrong(clock, by);
        schedule(instance, own, Math.ceil(own.now() / MINUTE));
      }
      await clock.advance(minutes * MINUTE);
      over = true;
    },
  };
}

/** The ticks by how often they were begun. */
export function counts({ begun }: CronFleet): number[] {
  return [...begun.values()];
}
