import type { StationAddress } from "../../support/rest-station.ts";

/** What the tests are told of where they run. */
export interface Place {
  redisUrl: string;
  /** Begins the names of all keys of this run. */
  prefix: string;
  /** One REST server for each lane: browsers open six connections to a server at most. */
  stations: StationAddress[];
  /** How many tests run side by side in one lane. */
  width: number;
  /** Whether the conformance suite is run a second time, with `fair: true`. */
  line: boolean;
  /** What this runtime is known not to have. */
  lacks: Feature[];
  /** A module with the syntax `await using`, for runtimes that import files. */
  using?: string;
}

/** What some runtimes lack, and the library does without. */
export type Feature =
  | "await using"
  | "AbortSignal.any"
  | "Promise.withResolvers"
  | "TCP"
  | "fetch's cache option"
  | "Node's globals"
  | "eval";

export type Group =
  | "memory"
  | "REST"
  | "memory, in line"
  | "REST, in line"
  | "REST faults"
  | "ioredis"
  | "node-redis"
  | "single flight"
  | "features";

export interface Test {
  group: Group;
  name: string;
  fn: () => Promise<void>;
}

export interface Result {
  group: Group;
  name: string;
  ms: number;
  error?: string;
}

/** What a runtime says in the end, as its last line of output. */
export interface Report {
  version: string;
  results: Result[];
}
