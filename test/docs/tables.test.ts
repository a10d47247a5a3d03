import { expect, test } from "vitest";
import { read, tableUnder } from "./markdown.ts";

const readme = read("README.md");
const plain = (cell = "") => cell.replaceAll("`", "");

/** Each option with its documented default, from the docstrings. */
function documentedDefaults(): Record<string, string> {
  const source = read("src/options.ts");
  const documented: Record<string, string> = {};
  for (const [, body = ""] of source.matchAll(
    /^export interface (?:Acquire|Request|Locks)Options[^{]*\{\n([\s\S]*?)^\}/gm,
  )) {
    for (const [, comment = "", name = ""] of body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*(\w+)\?:/g)) {
      documented[name] = plain(/@default (.*?)\s*$/m.exec(comment)?.[1]);
    }
  }
  return documented;
}

test("the table of options has each option with the default that its docstring names", () => {
  const rows = tableUnder(readme, "Options").map(([name, value]) => [plain(name), plain(value)]);
  const documented = documentedDefaults();
  expect(Object.values(documented)).not.toContain("");
  expect(Object.fromEntries(rows)).toEqual(documented);
});

test("the table of errors has each code with its class, and each reason of a loss", () => {
  const source = read("src/errors.ts");
  const [, byCode = ""] = /export interface LockErrorByCode \{\n([\s\S]*?)^\}/m.exec(source) ?? [];
  const classes = [...byCode.matchAll(/(\w+): (\w+);/g)].map(([, code, name]) => [code, name]);
  const rows = tableUnder(readme, "Errors");
  expect(classes.length).toBeGreaterThan(0);
  expect(rows.map(([code, name]) => [plain(code), plain(name)])).toEqual(classes);

  const [, union = ""] = /export type LostReason = (.*);/.exec(source) ?? [];
  const lost = rows.find(([code]) => code === "`LOST`")?.[2];
  for (const reason of union.matchAll(/"([\w-]+)"/g)) expect(lost).toContain(`\`${reason[1]}\``);
});

test("the table of transports has each adapter of the package, with the versions that are installed", () => {
  const { exports, devDependencies } = JSON.parse(read("package.json"));
  const rows = tableUnder(readme, "Transports");
  const adapters = Object.keys(exports).filter(
    (path) =>
      !/^\.(\/(conformance|decorators|diagnostics|otel|package\.json|single-flight|testing|upstash-subscribe))?$/.test(
        path,
      ),
  );
  expect(rows.map(([subpath]) => plain(subpath)).sort()).toEqual(
    adapters.map((path) => `holdfast${path.slice(1)}`).sort(),
  );

  const versions: string[] = Object.values(devDependencies);
  const named = rows.flatMap((row) => (row[3] ?? "").match(/\d+\.\d+\.\d+/g) ?? []);
  expect(named.length).toBeGreaterThan(0);
  for (const version of named)
    expect(
      versions.some((one) => one.endsWith(version)),
      version,
    ).toBe(true);
});

test("the tables of the API name every member of locks and of a lease", () => {
  const section = readme.split(/^## /m).find((part) => part.startsWith("The API")) ?? "";
  const members = [
    ...membersOf("src/locks.ts", "export interface Locks extends"),
    ...membersOf("src/lease.ts", "export interface Lease extends"),
  ];
  expect(members).toEqual(expect.arrayContaining(["request", "forceRelease", "close", "fence", "held", "handOver"]));
  for (const name of new Set(members)) expect(section, name).toMatch(new RegExp(`\\b${name}\\b`));
});

function membersOf(file: string, declaration: string): string[] {
  const body = read(file).split(declaration)[1]?.split(/^\}/m)[0] ?? "";
  return [...body.matchAll(/^ {2}(?:readonly )?([a-z]\w*)[<(:]/gm)].map(([, name = ""]) => name);
}
