import { expect, test } from "vitest";
import { read, tableUnder } from "./markdown.ts";
import { messages, refusals, saidByScripts } from "./messages.ts";

const source = read("docs/troubleshooting.md");
const page = source.replaceAll("`", "");
const errors = read("src/errors.ts");
const texts = (cell = "") => [...cell.matchAll(/"([\w-]+)"/g)].map(([, text = ""]) => text);

test("every code has a section, in the order of the table", () => {
  const codes = texts(/export type LockErrorCode = (.*);/.exec(errors)?.[1]);
  expect(codes).toHaveLength(5);
  expect(read("src/single-flight.ts")).toContain('readonly code = "FAILED"');
  const listed = tableUnder(source, "Troubleshooting").map(([cell]) => /`(\w+)`/.exec(cell ?? "")?.[1]);
  expect(listed).toEqual([...codes, "FAILED", "TypeError"]);
  for (const code of listed) expect(source).toMatch(new RegExp(`^## ${code}$`, "m"));
});

test("every reason of a loss has a row, with its words", () => {
  const reasons = texts(/export type LostReason = (.*);/.exec(errors)?.[1]);
  expect(reasons.length).toBeGreaterThan(5);
  const rows = tableUnder(source, "LOST").map(([reason, words]) => [reason, words]);
  const [, table = ""] = /const EXPLAINED[^{]*\{\n([\s\S]*?)\n\};/.exec(read("src/lost.ts")) ?? [];
  const explained = Object.fromEntries(
    [...table.matchAll(/^ {2}"?([\w-]+)"?: "(.*)",$/gm)].map(([, reason = "", words = ""]) => [reason, words]),
  );
  for (const reason of reasons) expect(rows).toContainEqual([`\`${reason}\``, `\`${explained[reason]}\``]);
});

test("every message of the library and its adapters has an entry", () => {
  const all = messages();
  expect(all.length).toBeGreaterThan(60);
  const missing = all.flatMap(({ file, parts }) =>
    parts.filter((part) => !page.includes(part.trim().replace(/,$/, ""))).map((part) => `${file}: ${part}`),
  );
  expect(missing).toEqual([]);
  expect(saidByScripts().length).toBeGreaterThan(0);
  for (const text of saidByScripts()) expect(page).toContain(text);
});

test("every answer of Redis that is known has a row with its advice", () => {
  const known = refusals();
  expect(known.length).toBeGreaterThan(8);
  const rows = tableUnder(source, "BACKEND").map(([words = "", advice = ""]) => ({ words, advice }));
  for (const { answers, hint } of known)
    for (const answer of answers) {
      const row = rows.find(({ words }) => words.includes(`\`${answer}`));
      expect(row, answer).toBeDefined();
      if (row?.advice !== "the same") expect(row?.advice).toBe(`\`${hint}\``);
    }
});

test("whether it is asked again is said as it is", () => {
  const refused = read("src/failure.ts");
  for (const [words = "", , , again] of tableUnder(source, "BACKEND").slice(0, -1)) {
    const [, answer = ""] = /`(?:ERR )?([\w ]+?)(?: requests)?(?: limit exceeded)?`/.exec(words) ?? [];
    const line = refused.split("\n").find((each) => each.includes(answer) && each.trim().startsWith("[/")) ?? "";
    expect(line, words).not.toBe("");
    expect(/, true\],?$/.test(line) && !/false, true\]/.test(line), words).toBe(again === "yes");
  }
});

test("what each method asked is named", () => {
  const asked = ["extend", "verify", "renew", "release", "report on", "list", "free", "clean up after", "grant"];
  const sources = ["wait", "open-lease", "hold", "renew", "query", "clean-up"]
    .map((file) => read(`src/${file}.ts`))
    .join();
  for (const each of asked) {
    expect(sources).toContain(`"${each}"`);
    expect(source).toContain(`\`${each}\``);
  }
});
