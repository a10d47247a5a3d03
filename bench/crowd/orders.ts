import type { Contender, Place } from "../contenders/contender.ts";
import type { Take } from "./takes.ts";

/** What a process of a crowd is told. */
export type Order =
  /** `each`: every waiter has a connection of its own. Otherwise all of the process share one. */
  | { do: "open"; over: Contender["over"]; name: string; place: Place; each: number }
  | { do: "run"; over: Contender["over"]; name: string; run: Run }
  /** What was taken so far. */
  | { do: "report" };

/** What each waiter of a process does, again and again. */
export interface Run {
  lock: string;
  /** Waiters in this process, counted from `first`. */
  waiters: number;
  first: number;
  /** Whether they stand apart, as in processes of their own. */
  apart: boolean;
  /** How often each takes the lock; without end if there is none. */
  times?: number;
  /** Milliseconds that each keeps it. */
  hold: number;
  /** When to begin, in the machine's time. */
  at: number;
}

export type Answer = { takes: Take[] } | { error: string; unsupported: boolean };

export interface Message {
  id: number;
  order: Order;
}

export interface Reply {
  id: number;
  answer: Answer;
}
