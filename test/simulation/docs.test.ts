import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CONTENDED_MUTANTS } from "./contended-mutants.ts";
import { BRANCHES } from "./coverage.ts";
import { CONTENDED_BRANCHES } from "./coverage-contended.ts";
import { INVARIANTS } from "./invariants.ts";
import { MUTANTS } from "./mutants.ts";
import { ALLOWED, BREAKING, MESSAGE_FAULTS, QUORUM_ALLOWED, WAITING_ALLOWED, WAKE_FAULTS } from "./plan.ts";
import { QUORUM_MUTANTS } from "./quorum-mutants.ts";
import { expectedWith } from "./report.ts";

const page = readFileSync(new URL("../../docs/simulation.md", import.meta.url), "utf8");

test("docs/simulation.md names every invariant, and says which hold always", () => {
  for (const { number, text, always } of INVARIANTS) {
    expect(page).toContain(`| ${number} | ${text} | ${always ? "yes" : "no"} |`);
  }
});

test("docs/simulation.md names every fault, and on which side of the assumptions it is", () => {
  for (const kind of MESSAGE_FAULTS) expect(page).toContain(`\`${kind}\``);
  for (const kind of ALLOWED) expect(page).toMatch(new RegExp(`\\| \`${kind}\` \\|.*\\| (kept|excepted) \\|`));
  for (const kind of BREAKING) expect(page).toMatch(new RegExp(`\\| \`${kind}\` \\|.*\\| broken \\|`));
  for (const kind of QUORUM_ALLOWED) expect(page).toMatch(new RegExp(`\\| \`${kind}\` \\|.*\\| kept \\|`));
  for (const kind of [...WAKE_FAULTS, ...WAITING_ALLOWED]) expect(page).toContain(`\`${kind}\``);
  expect(page).toContain(`${BRANCHES.length} branches`);
  expect(page).toContain(`${CONTENDED_BRANCHES.length} of callers that contend`);
  expect(page).toContain(`${expectedWith(5).branches.length} branches of the quorum's protocol`);
  expect(page).toContain(`(${expectedWith(2).branches.length} with two servers`);
});

test("docs/simulation.md lists the protections that are taken out, and what notices it", () => {
  const listed = page.match(/^- .+ \(invariants? [\d, or]+\)$/gm) ?? [];
  expect(listed).toEqual([...MUTANTS, ...CONTENDED_MUTANTS, ...QUORUM_MUTANTS].map(lineOf));
});

function lineOf({ name, invariants }: (typeof MUTANTS)[number]): string {
  const numbers = invariants.join(", ").replace(/, (\d+)$/, " or $1");
  return `- ${name} (invariant${invariants.length > 1 ? "s" : ""} ${numbers})`;
}
