import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { read, root } from "../docs/markdown.ts";

const page = read("docs/comparison.md");
const installed = join(root, "test/migrating/node_modules");

/** The cells of a table's row; none of the head. */
const rows = [...page.matchAll(/^\|(.*)\|$/gm)]
  .map(([, row = ""]) => row.split("|").map((cell) => cell.trim()))
  .filter(([claim = "", evidence = ""]) => evidence !== "evidence" && !claim.startsWith("---"));

test("every claim has its evidence", () => {
  expect(rows.length).toBeGreaterThan(40);
  for (const [claim, evidence] of rows) {
    expect(evidence, claim).toMatch(/\.test\.ts|` has `|https:/);
  }
});

test("every line of a package that is quoted says so", () => {
  const quotes = [...page.matchAll(/`([^`\s]+):(\d+)` has `([^`]+)`/g)];
  expect(quotes.length).toBeGreaterThan(15);
  for (const [quote, file = "", line, text] of quotes) {
    const lines = readFileSync(join(installed, file), "utf8").split("\n");
    expect(lines[Number(line) - 1], quote).toContain(text);
  }
});

test("every test that is named is there", () => {
  let named = 0;
  for (const [, cell = ""] of rows) {
    // After the link to a file come titles of tests in it.
    for (const part of cell.split(/(?=\[\w+\/[\w-]+\.test\.ts\])/)) {
      const [, path] = /^\[\w+\/[\w-]+\.test\.ts\]\(\.\.\/([\w/.-]+)\)/.exec(part) ?? [];
      if (!path) continue;
      const titles = [...part.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title);
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(titles.length, part).toBeGreaterThan(0);
      for (const title of titles) expect(read(path), title).toContain(`"${title}"`);
      named += titles.length;
    }
  }
  expect(named).toBeGreaterThan(30);
});

test("the versions are those that are installed", () => {
  const headings = [...page.matchAll(/^## (.*\d\.\d+\.\d.*)$/gm)].map(([, heading = ""]) => heading);
  expect(headings).toHaveLength(5);
  const { dependencies } = JSON.parse(read("test/migrating/package.json"));
  const versions = Object.values<string>(dependencies).map((version) => version.replace(/^npm:.*@/, ""));
  for (const version of versions) expect(headings.join(" ")).toContain(version);
});
