import type { Kind, Mutant } from "../mutant.ts";
import { deadlines } from "./deadlines.ts";
import { fencing } from "./fencing.ts";
import { flights } from "./flights.ts";
import { granting } from "./granting.ts";
import { outcomes } from "./outcomes.ts";
import { releasing } from "./releasing.ts";
import { renewing } from "./renewing.ts";
import { waiting } from "./waiting.ts";
import { wakeups } from "./wakeups.ts";
import { wire } from "./wire.ts";

/** Every mutant there is. */
export const KINDS: readonly Kind[] = [
  granting,
  deadlines,
  renewing,
  releasing,
  fencing,
  waiting,
  outcomes,
  wire,
  wakeups,
  flights,
];

export const MUTANTS: readonly Mutant[] = KINDS.flatMap(({ mutants }) => mutants);
