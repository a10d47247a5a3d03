// Looks for the first seed that fails: `node hunt.ts FIRST LAST REGIME`. For copies of the source with a protection taken out.

import type { Failed } from "./batch.ts";
import { runSeeds } from "./batch.ts";
import type { Wanted } from "./planner.ts";

const [first, last, regime] = process.argv.slice(2);

function* seeds(): Generator<number> {
  for (let seed = Number(first); seed <= Number(last); seed++) yield seed;
}

let found: Failed | undefined;
await runSeeds(
  seeds(),
  { regime: regime as Wanted["regime"] },
  ({ failed }) => {
    found ??= failed[0];
    return !found;
  },
  1,
);
console.log(JSON.stringify(found ?? null));
