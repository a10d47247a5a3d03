import type { DemoEvent } from "./events.ts";
import { grantsOf, type Verdict } from "./history.ts";
import { narrate } from "./narration.ts";
import type { Paint } from "./paint.ts";
import type { Stage } from "./stage.ts";
import { drawLegend, drawTimeline } from "./timeline.ts";

/** The drawing, what it means, what happened and when, and the fences. */
export function drawReport(events: readonly DemoEvent[], stage: Stage, columns: number, paint: Paint): string {
  const fences = grantsOf(events).map(({ number, fence, who }) => `#${number}  ${fence}  ${who}`);
  return [
    drawTimeline(events, columns, paint),
    "",
    drawLegend(paint),
    "",
    ...narrate(events, stage),
    "",
    paint("strong", "Fences, larger with each grant"),
    ...fences,
    "",
  ].join("\n");
}

/** "6 grants, 0 overlaps, 1 stale write refused" */
export function lastLine({ grants, overlaps, refused, ordered }: Verdict): string {
  const line = `${count(grants, "grant")}, ${count(overlaps, "overlap")}, ${count(refused, "stale write")} refused`;
  return ordered ? line : `${line}, fences out of order`;
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}
