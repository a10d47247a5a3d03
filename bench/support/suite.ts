import type { Noise } from "./noise.ts";

export interface Target {
  what: string;
  /** At most this. */
  limit: number;
  /** `NaN` where this build cannot do it. */
  measured: number;
}

/** A table, and what it has to show. */
export interface Section {
  title: string;
  /** What one has to know to read the table, a line each. */
  notes: string[];
  head: string[];
  rows: string[][];
  targets: Target[];
  /** The same for programs: goes into the JSON file as it is. */
  data: unknown;
}

export interface Stage {
  /** Says what is being done, and how much of it is done, 0 to 1. */
  progress(doing: string, share?: number): void;
  /** 1 for the full run; fewer turns below that. */
  scale: number;
  /** Only sections whose title has this in it. */
  only: string;
  /** As little of everything as shows that it works; the figures mean nothing. */
  quick: boolean;
  /** Whether the peers take part. */
  peers: boolean;
}

export interface Suite {
  name: string;
  /** One sentence. */
  summary: string;
  /** Sections as they are done. What it started has ended when it returns, also when it is broken off. */
  run(stage: Stage): AsyncGenerator<Section, void>;
  /** Packages whose versions belong into the report. */
  packages: string[];
}

/** What one suite has shown. */
export interface Shown {
  suite: string;
  sections: Section[];
}

/** What is written to the JSON file. */
export interface Report {
  command: string;
  machine: Record<string, string>;
  noise: Noise[];
  suites: Shown[];
}

/** How many turns of a full run's, at least one. */
export function turnsOf({ scale, quick }: Pick<Stage, "scale" | "quick">, full: number): number {
  return quick ? 1 : Math.max(1, Math.ceil(full * scale));
}
