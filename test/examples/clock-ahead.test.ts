import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { HOUR } from "./support/later.ts";
import { BUN, CLOCK_AHEAD, NODE, run } from "./support/run.ts";

const LOOK = `
  const monotonic = performance.timeOrigin + performance.now();
  const read = [Date.now(), new Date().getTime(), Date.parse(Date())].map((now) => now - monotonic);
  const fixed = [new Date(5).getTime(), Date.parse("1970-01-01T00:00:01Z"), Date.UTC(1970), new Date() instanceof Date];
  console.log(JSON.stringify({ read, fixed }));`;

test.each([
  ["Node", [NODE, "--import", CLOCK_AHEAD, "-e", LOOK]],
  ["Bun", [BUN, "--preload", CLOCK_AHEAD, "-e", LOOK]],
])(
  "in %s the clock that a test sets wrong is wrong where it says what time it is, and nowhere else",
  async (_, words) => {
    for (const ahead of [3 * HOUR, -5 * HOUR]) {
      const { read, fixed } = JSON.parse(await run(tmpdir(), words, { CLOCK_AHEAD_MS: String(ahead) }));
      for (const difference of read) expect(Math.round(difference / HOUR) * HOUR).toBe(ahead);
      expect(fixed).toEqual([5, 1000, 0, true]);
    }
  },
);
