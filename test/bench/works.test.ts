import { beforeAll, describe, expect, test } from "vitest";
import { WORKS } from "../../bench/suites.ts";
import type { Section, Stage } from "../../bench/support/suite.ts";

/** As little of everything as shows that it works, without the peers: counts, not times. */
const stage: Stage = { progress() {}, scale: 1, only: "", quick: true, peers: false };

describe("each work runs", () => {
  const shown = new Map<string, Section>();
  beforeAll(async () => {
    await Promise.all(
      WORKS.map(async (suite) => {
        for await (const section of suite.run(stage)) shown.set(suite.name, section);
      }),
    );
  }, 60_000);

  const column = (suite: string, title: string): Record<string, number> => {
    const { head, rows } = shown.get(suite)!;
    return Object.fromEntries(rows.map((row) => [row[0], Number(row[head.indexOf(title)])]));
  };

  test.for(WORKS.map(({ name }) => name))("%s: nobody fails, and nobody holds what another holds", (name) => {
    const { rows, notes } = shown.get(name)!;
    expect(rows.some(([first]) => first?.startsWith("holdfast"))).toBe(true);
    expect(notes.filter((note) => /failed|AT ONCE/.test(note))).toEqual([]);
  });

  test.for(["uncontended", "names"])("%s: a cycle is two requests, as sent raw", (name) => {
    expect(column(name, "requests a cycle")).toMatchObject({
      "raw SET NX PX, EVALSHA": 2,
      holdfast: 2,
      "holdfast, fence: false": 2,
    });
  });

  test.for(["processes", "one-process", "rest"])("%s: an acquisition is a request or more", (name) => {
    expect(column(name, "requests an acquisition").holdfast).toBeGreaterThanOrEqual(1);
  });

  test("waiters: hand-overs are counted, and what they cost the server", () => {
    expect(column("waiters", "requests a hand-over, 4").holdfast).toBeGreaterThanOrEqual(1);
    expect(column("waiters", "Redis CPU µs, 4").holdfast).toBeGreaterThan(0);
  });

  test("billed: as Upstash bills", () => {
    expect(column("billed", "an uncontended cycle")).toMatchObject({ holdfast: 6, "holdfast, fence: false": 2 });
    expect(column("billed", "a failed poll")).toMatchObject({ holdfast: 2, "holdfast, fence: false": 2 });
  });
});
