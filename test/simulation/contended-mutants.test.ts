import { expect, test } from "vitest";
import { inTwoRows } from "../support/in-turn.ts";
import { CONTENDED_MUTANTS } from "./contended-mutants.ts";
import { hunt } from "./mutate.ts";

const SEEDS = 1000;

const inTurn = inTwoRows();

for (const mutant of CONTENDED_MUTANTS) {
  test.concurrent(`the simulator of callers that contend notices: ${mutant.name}`, { timeout: 400_000 }, async () => {
    const found = await inTurn(() => hunt(mutant, SEEDS));
    expect(found, `${SEEDS} seeds break none of the invariants ${mutant.invariants}`).toBeDefined();
  });
}
