import { describe, expect, test } from "vitest";
import { read, tableUnder } from "../docs/markdown.ts";

const page = read("docs/comparison.md");
const table = tableUnder(read("README.md"), "Compared with the alternatives");

/** The claims of a section of docs/comparison.md: what they have, and what holdfast has. */
function claims(heading: string): [theirs: string[], ours: string[]] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split(/^## /m)[0] ?? "";
  const [theirs = [], ours = []] = [...section.matchAll(/(?:^\|.*\|\n)+/gm)].map(([rows]) =>
    rows
      .trim()
      .split("\n")
      .slice(2)
      .map((row) => row.split("|")[1]?.trim() ?? ""),
  );
  return [theirs, ours];
}

const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
const items = (cell = "") => cell.split("; ");

describe("the README's table of alternatives", () => {
  test("has a row for each section of the page", () => {
    expect(table.map(([who]) => who)).toEqual(headings.map((heading) => heading.replace(/^More/, "more")));
  });

  test.for(headings)("%s: every item is a claim with its evidence; what they have is there entirely", (heading) => {
    const [, has, lacks] = table.find(([who]) => who?.toLowerCase() === heading.toLowerCase()) ?? [];
    const [theirs, ours] = claims(heading);
    expect(theirs.length).toBeGreaterThan(0);
    expect(items(has)).toEqual(theirs);
    expect(ours).toEqual(expect.arrayContaining(items(lacks)));
  });
});
