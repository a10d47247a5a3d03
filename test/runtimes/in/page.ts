import { runAll } from "../suite/runner.ts";
import type { Place, Result } from "../suite/place.ts";

/** What the page offers to whoever drives the browser. */
Object.assign(globalThis, {
  runSuite: (place: Place): Promise<Result[]> => runAll(place, { using: () => import("../suite/using.ts") }),
});
