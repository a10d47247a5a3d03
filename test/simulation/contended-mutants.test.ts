import { expect, test } from "vitest";
import { CONTENDED_MUTANTS } from "./contended-mutants.ts";
import { hunt } from "./mutate.ts";

const SEEDS = 1000;

// One after another in two rows: more at once would only wait for a core.
const rows: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];

function inTurn<T>(at: number, work: () => Promise<T>): Promise<T> {
  const done = (rows[at % rows.length] as Promise<unknown>).then(work);
  rows[at % rows.length] = done.catch(() => {});
  return done;
}

for (const [at, mutant] of CONTENDED_MUTANTS.entries()) {
  test.concurrent(`the simulator of callers that contend notices: ${mutant.name}`, { timeout: 400_000 }, async () => {
    const found = await inTurn(at, () => hunt(mutant, SEEDS));
    expect(found, `${SEEDS} seeds break none of the invariants ${mutant.invariants}`).toBeDefined();
  });
}
