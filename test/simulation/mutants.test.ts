import { expect, test } from "vitest";
import { MUTANTS } from "./mutants.ts";
import { hunt } from "./mutate.ts";

/** As many as `npm test` runs at the least. */
const SEEDS = 4000;

// One after another in two rows: more at once would only wait for a core.
const rows: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];

function inTurn<T>(at: number, work: () => Promise<T>): Promise<T> {
  const done = (rows[at % rows.length] as Promise<unknown>).then(work);
  rows[at % rows.length] = done.catch(() => {});
  return done;
}

for (const [at, mutant] of MUTANTS.entries()) {
  test.concurrent(`the simulator notices: ${mutant.name}`, { timeout: 300_000 }, async () => {
    const found = await inTurn(at, () => hunt(mutant, SEEDS));
    expect(found, `no seed up to ${SEEDS} breaks one of the invariants ${mutant.invariants}`).toBeDefined();
  });
}
