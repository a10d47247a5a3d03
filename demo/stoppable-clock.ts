import { webcrypto } from "node:crypto";
import type { Clock } from "../src/index.ts";

interface Pending {
  due: number;
  callback: () => void;
  handle: NodeJS.Timeout | undefined;
  background: boolean;
}

/**
 * A clock for one contender among several in one process. Stopped, it is to the contender what SIGSTOP is to a process:
 * time goes on and none of its timers fires; when it goes on, those that are overdue fire at once, the oldest first.
 */
export class StoppableClock implements Clock {
  readonly #pending = new Set<Pending>();
  #stopped = false;

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  random(): number {
    return Math.random();
  }

  randomBytes(length: number): Uint8Array {
    return webcrypto.getRandomValues(new Uint8Array(length));
  }

  timer(ms: number, callback: () => void): { cancel(): void; unref(): void } {
    const timer: Pending = { due: this.monotonic() + ms, callback, handle: undefined, background: false };
    this.#pending.add(timer);
    if (!this.#stopped) this.#arm(timer);
    return {
      cancel: () => {
        clearTimeout(timer.handle);
        this.#pending.delete(timer);
      },
      unref: () => {
        timer.background = true;
        timer.handle?.unref();
      },
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.timer(ms, resolve));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#pending) clearTimeout(timer.handle);
  }

  wake(): void {
    this.#stopped = false;
    for (const timer of [...this.#pending].sort((a, b) => a.due - b.due)) this.#arm(timer);
  }

  #arm(timer: Pending): void {
    timer.handle = setTimeout(
      () => {
        this.#pending.delete(timer);
        timer.callback();
      },
      Math.max(0, timer.due - this.monotonic()),
    );
    if (timer.background) timer.handle.unref();
  }
}
