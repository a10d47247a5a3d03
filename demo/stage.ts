import type { Pace } from "./contender.ts";
import type { Report } from "./events.ts";

/** Where the contenders run. */
export interface Stage {
  /** "Redis at localhost:6379, each of them a process of its own" */
  readonly description: string;
  readonly pace: Pace;
  /** What its kill, stop and wake are called. */
  readonly words: { killed: string; stopped: string; woken: string };
  /** Resolves when every contender is ready and waits for `go`. */
  prepare(name: string, owners: string[], report: Report): Promise<Contender[]>;
  /** Ends every contender that is left, and removes what they worked on. */
  close(): Promise<void>;
}

export interface Contender {
  readonly owner: string;
  /** Settles when it has finished its job, or was killed. */
  go(): Promise<void>;
  /** It does nothing any more, and nobody cleans up after it. */
  kill(): void;
  /** It stands still until it is woken, and does not know. */
  stop(): void;
  wake(): void;
}
