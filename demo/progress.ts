import { type DemoEvent, now } from "./events.ts";
import { type Grant, grantsOf } from "./history.ts";
import type { Paint } from "./paint.ts";

interface Screen {
  write(text: string): unknown;
  columns?: number;
}

const CLEAR = "\r\x1b[K";

/** Keeps one line of the terminal up to date with what is going on; the returned function takes it away. */
export function showProgress(screen: Screen, events: readonly DemoEvent[], paint: Paint): () => void {
  const timer = setInterval(() => {
    const line = progressLine(events, now()).slice(0, (screen.columns ?? 80) - 1);
    screen.write(CLEAR + paint("faint", line));
  }, 80);
  return () => {
    clearInterval(timer);
    screen.write(CLEAR);
  };
}

export function progressLine(events: readonly DemoEvent[], at: number): string {
  const first = events[0];
  if (!first) return "getting ready";
  const last = new Map(events.map((event) => [event.who, event.type]));
  const waiting = [...last].filter(([, type]) => type === "waiting").length;
  const grant = grantsOf(events).at(-1);
  const seconds = `${((at - first.at) / 1000).toFixed(1)} s`;
  return `${seconds}  ${grant ? state(grant, at) : "nobody has the lock"}, ${waiting} waiting`;
}

function state({ who, number, idle, to, end }: Grant, at: number): string {
  if (end === "released" || at > to) return "the lock is free";
  return at > idle
    ? `${who} is gone, its lock #${number} has ${Math.ceil(to - at)} ms left`
    : `${who} holds the lock, #${number}`;
}
