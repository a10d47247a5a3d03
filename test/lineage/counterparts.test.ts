import { describe, expect, test } from "vitest";
import { read, tableUnder } from "../docs/markdown.ts";
import { type Feature, ROWS } from "./support/rows.ts";

const page = read("docs/migrating.md");

/** What stands on the page at this counterpart: a row of the system's table, or a paragraph. */
function standsAt(counterpart: string, system: string): string | undefined {
  const [, ...cells] = tableUnder(page, system).find(([first]) => first === counterpart) ?? [];
  if (cells.length > 0) return cells.filter(Boolean).join(" ") || undefined;
  const [, section = ""] = page.split(new RegExp(`^## ${system}$`, "m"));
  return section
    .split(/^## /m)[0]
    ?.split("\n")
    .find((line) => counterpart.startsWith("**") && line.startsWith(counterpart));
}

test("the list has every row of every system", () => {
  const counts = Object.entries(ROWS).map(([system, rows]) => [system, Object.keys(rows).length]);
  expect(Object.fromEntries(counts)).toEqual({
    "python-redilock": 8,
    txredlock: 6,
    "redlock-py": 5,
    "python-redis-lock": 13,
    redismutex: 6,
  });
});

describe.for(Object.entries(ROWS))("%s", ([system, rows]) => {
  test("its tests are in a file of its own", () => {
    expect(read(`test/lineage/${system}.test.ts`)).toContain(`lineage("${system}", `);
  });

  test.for(Object.entries<Feature>(rows))("on the page: %s", ([, { here, page: counterparts }]) => {
    const said = counterparts.map((counterpart) => {
      const stands = standsAt(counterpart, system);
      expect(stands, `${counterpart}: no such row, or nothing beside it`).toBeDefined();
      return stands;
    });
    expect(said.length).toBeGreaterThan(0);
    const words = [...here.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string);
    expect(words.length).toBeGreaterThan(0);
    const plain = said.join(" ").replaceAll("`", "").toLowerCase();
    for (const word of words) expect(plain).toContain(word.toLowerCase());
  });
});
