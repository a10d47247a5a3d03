/** What a contender does, in the order in which it can happen, and what the director does to it. */
export type Happening =
  | { type: "waiting" }
  /** `until` is the lease's own deadline, on the clock of {@link now}. */
  | { type: "granted"; fence: number; until: number }
  | { type: "renewed"; until: number }
  | { type: "written"; fence: number }
  | { type: "refused"; fence: number; seen: number }
  | { type: "lost"; reason: string }
  | { type: "released" }
  | { type: "finished" }
  | { type: "killed" }
  | { type: "stopped" }
  | { type: "woken" };

export type DemoEvent = Happening & { who: string; at: number };

export type Report = (event: DemoEvent) => void;

/** Milliseconds on the machine's monotonic clock, which every process on it reads alike. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
