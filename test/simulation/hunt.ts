// Looks for the first seed that breaks one of these invariants: `node hunt.ts FIRST LAST INVARIANTS REGIME STORES CONTENDED`. For copies
// of the source with a protection taken out.
import type { Plan } from "./plan.ts";
import { planOf } from "./planner.ts";
import { simulate } from "./run.ts";

const [first, last, invariants = "", regime, stores = "1", contended] = process.argv.slice(2);
const wanted = invariants.split(",").map(Number);
let found: object | null = null;

for (let seed = Number(first); seed <= Number(last) && !found; seed++) {
  const { violations } = await simulate(
    planOf(seed, {
      regime: (regime || undefined) as Plan["regime"] | undefined,
      stores: Number(stores),
      contended: contended ? true : undefined,
    }),
  );
  const violation = violations.find(({ invariant }) => wanted.includes(invariant));
  if (violation) found = { seed, invariant: violation.invariant, text: violation.text };
}
console.log(JSON.stringify(found));
