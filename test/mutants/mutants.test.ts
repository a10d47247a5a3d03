import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { conformance } from "../conformance/index.ts";
import { MUTANTS } from "./catalogue/index.ts";
import { ROOT, readSource } from "./copy.ts";
import { stale } from "./mutant.ts";
import { PAGE, page } from "./table.ts";

const killers = MUTANTS.map(({ killer }) => killer);

/** The names in a file as vitest finds them without running it: a name out of a table has %s where a value goes. */
function listed(files: string[]): { file: string; pattern: RegExp }[] {
  const cli = join(ROOT, "node_modules/vitest/vitest.mjs");
  const output = execFileSync(process.execPath, [cli, "list", ...files, "--json"], { cwd: ROOT, encoding: "utf8" });
  return (JSON.parse(output) as { name: string; file: string }[]).map(({ name, file }) => {
    const plain = name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/\\\$\\\{[^}]*\\\}/g, "%s");
    return { file: file.slice(ROOT.length), pattern: new RegExp(`^${plain.replace(/%[sdijfoO]/g, "[\\s\\S]*")}$`) };
  });
}

/** Those of the published suite, which every transport is put through. */
function ofTheSuite(): Set<string> {
  const names = new Set<string>();
  conformance({
    test: (name) => names.add(name),
    transport: () => Promise.reject(new Error("not run")),
    commands: () => Promise.reject(new Error("not run")),
  });
  return names;
}

test("every mutant still fits: what it changes is in its file exactly once", () => {
  expect(MUTANTS.flatMap((mutant) => stale(mutant, readSource))).toEqual([]);
});

test("each has a name of its own, and there are at least forty", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(40);
});

test("each killer exists", () => {
  const suite = ofTheSuite();
  const isOfTheSuite = ({ file, test }: (typeof killers)[number]) =>
    file.startsWith("test/transports/") && suite.has(test);
  const others = killers.filter((killer) => !isOfTheSuite(killer));
  const found = listed([...new Set(others.map(({ file }) => file))]);
  const missing = others.filter(
    ({ file, test }) => !found.some((each) => each.file === file && each.pattern.test(test)),
  );
  expect(missing).toEqual([]);
});

test("the page lists exactly the mutants; if not, npm run mutants -- --write", () => {
  expect(readSource(PAGE)).toBe(page());
});
