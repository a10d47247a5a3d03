import { expect, test } from "vitest";
import { inTwoRows } from "../support/in-turn.ts";
import { MUTANTS } from "./mutants.ts";
import { hunt } from "./mutate.ts";

/** As many as `npm test` runs at the least. */
const SEEDS = 4000;

const inTurn = inTwoRows();

for (const mutant of MUTANTS) {
  test.concurrent(`the simulator notices: ${mutant.name}`, { timeout: 300_000 }, async () => {
    const found = await inTurn(() => hunt(mutant, SEEDS));
    expect(found, `no seed up to ${SEEDS} breaks one of the invariants ${mutant.invariants}`).toBeDefined();
  });
}
