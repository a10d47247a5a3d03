import type { Place } from "../suite/place.ts";
import { runAll } from "../suite/runner.ts";

declare const place: Place;

/** The whole suite in a page, which sends what became of it to where it came from. */
const results = await runAll(place, { using: () => import("../suite/using.ts") });
await fetch("/", { method: "POST", body: JSON.stringify(results) });
