import { quorumSuite } from "./quorum/suite.ts";
import type { Suite } from "./support/suite.ts";
import { billedSuite } from "./works/billed.ts";
import { isolateSuite } from "./works/isolate.ts";
import { namesSuite } from "./works/names.ts";
import { oneProcessSuite } from "./works/one-process.ts";
import { processesSuite } from "./works/processes.ts";
import { eventsSuite, restSuite } from "./works/rest.ts";
import { uncontendedSuite } from "./works/uncontended.ts";
import { waitersSuite } from "./works/waiters.ts";

/** One lock over one Redis. */
export const WORKS: readonly Suite[] = [
  uncontendedSuite,
  namesSuite,
  processesSuite,
  oneProcessSuite,
  waitersSuite,
  restSuite,
  eventsSuite,
  billedSuite,
  isolateSuite,
];

export const SUITES: readonly Suite[] = [...WORKS, quorumSuite];
