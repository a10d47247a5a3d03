import { expect, test } from "vitest";
import { inTwoRows } from "../support/in-turn.ts";
import { hunt } from "./mutate.ts";
import { QUORUM_MUTANTS } from "./quorum-mutants.ts";

const SEEDS = 2500;

const inTurn = inTwoRows();

for (const mutant of QUORUM_MUTANTS) {
  test.concurrent(`the simulator of a quorum notices: ${mutant.name}`, { timeout: 400_000 }, async () => {
    const found = await inTurn(() => hunt(mutant, SEEDS));
    expect(found, `${SEEDS} seeds break none of the invariants ${mutant.invariants}`).toBeDefined();
  });
}
