import type { Clock, Timer } from "../../src/index.ts";
import type { ClockPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Which of a client's clocks go on while it is paused. */
export type SeenBy = "both" | "wall" | "none";

const EPOCH = Date.UTC(2026, 10, 1);
const LONGEST_TIMER = 2 ** 31 - 1;

/** The clocks and timers of one client, which is a process or a Worker's isolate. */
export class ClientClock {
  /** What the library is given: its functions may be called unbound, and be inherited by another object. */
  readonly face: Clock;
  readonly #timeline: Timeline;
  readonly #plan: ClockPlan;
  readonly #random: Random;
  readonly #timers = new Set<object>();
  /** Those that the library started. */
  readonly #borrowed = new Set<object>();
  #pausedUntil = 0;
  /** World time of all pauses so far, and what of it the clocks did not see. */
  #paused = 0;
  #monoMissed = 0;
  #wallMissed = 0;
  #jumped = 0;
  #shown = { mono: 0, wall: 0 };
  /** Whether the process has ended: nothing of it runs any more. */
  dead = false;
  /** Whether code ran for a while without I/O on a clock that stands still without it. */
  stale = false;

  constructor(timeline: Timeline, plan: ClockPlan, random: Random) {
    this.#timeline = timeline;
    this.#plan = plan;
    this.#random = random;
    this.look();
    this.face = {
      now: () => this.now(),
      monotonic: () => this.#monotonic(),
      timer: (ms, callback) => this.#timer(this.#borrowed, ms, callback),
      random: () => random.next(),
      randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random.next() * 256)),
    };
  }

  get frozen(): boolean {
    return this.#plan.frozen;
  }

  get lateness(): number {
    return this.#plan.late;
  }

  /** When its last pause was over, or will be, on the world's time. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  get paused(): boolean {
    return this.#timeline.now < this.#pausedUntil;
  }

  /** How many timers the library has. */
  get pending(): number {
    return this.#borrowed.size;
  }

  /** Milliseconds, as this client counts them, in which it could run. */
  running(): number {
    return (this.#timeline.now - this.#paused) * this.#plan.rate;
  }

  #mono(): number {
    return this.#plan.start + (this.#timeline.now - this.#monoMissed) * this.#plan.rate;
  }

  /** I/O: a clock that stands still without it goes on. */
  look(): void {
    const { offset, rate } = this.#plan;
    const wall = EPOCH + offset + this.#jumped + (this.#timeline.now - this.#wallMissed) * rate;
    this.#shown = { mono: this.#mono(), wall: Math.floor(wall) };
    this.stale = false;
  }

  now(): number {
    if (!this.frozen) this.look();
    return this.#shown.wall;
  }

  #monotonic(): number {
    if (!this.frozen) this.look();
    return this.#shown.mono;
  }

  /** Runs once the client can: at once, or when its pause is over. */
  whenAwake(run: () => void): void {
    if (this.dead) return;
    if (this.paused) this.#timeline.after(this.#pausedUntil - this.#timeline.now, () => this.whenAwake(run));
    else {
      this.look();
      run();
    }
  }

  pause(ms: number, seenBy: SeenBy, then: () => void): void {
    this.#pausedUntil = this.#timeline.now + ms;
    this.#paused += ms;
    if (seenBy !== "both") this.#monoMissed += ms;
    if (seenBy === "none") this.#wallMissed += ms;
    this.#timeline.after(ms, then);
  }

  jump(ms: number): void {
    this.#jumped += ms;
  }

  timer(ms: number, callback: () => void): Timer {
    return this.#timer(this.#timers, ms, callback);
  }

  #timer(timers: Set<object>, ms: number, callback: () => void): Timer {
    if (Number.isNaN(ms)) throw new Error("a timer of NaN milliseconds");
    const { rate, late } = this.#plan;
    const wait = Math.min(Math.max(0, ms), LONGEST_TIMER);
    const due = this.#mono() + wait;
    const timer = {};
    timers.add(timer);
    const fire = (): void => {
      if (this.dead || !timers.has(timer)) return;
      const left = (due - this.#mono()) / rate;
      // Timers follow the monotonic clock: one that stood still makes them late.
      if (this.paused) this.#timeline.after(this.#pausedUntil - this.#timeline.now, fire);
      else if (left > 1e-6) this.#timeline.after(left, fire);
      else {
        timers.delete(timer);
        this.look();
        callback();
      }
    };
    const lateness = late && this.#random.chance(0.5) ? this.#random.next() * late : 0;
    this.#timeline.after(wait / rate + lateness, fire);
    return { cancel: () => void timers.delete(timer), unref: () => {} };
  }
}
