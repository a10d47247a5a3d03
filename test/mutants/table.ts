import { KINDS, MUTANTS } from "./catalogue/index.ts";

export const PAGE = "docs/mutants.md";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The page with every mutant and its killer. */
export function page(): string {
  const parts = KINDS.map(({ title, mutants }) => {
    const rows = mutants.map(
      ({ name, bug, edits, killer }) =>
        `| \`${name}\` | ${cell(bug)} | ${[...new Set(edits.map(({ file }) => `\`${file}\``))].join(", ")} | ${cell(killer.test)} <br> \`${killer.file}\` |`,
    );
    return `## ${title}\n\n| mutant | the bug | in | killed by |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${HEAD}\n${parts.join("\n")}`;
}

const HEAD = `# Mutants

${MUTANTS.length} bugs of the kind that lock libraries have had, each put into a copy of the source on purpose, and each noticed by the test beside it.

\`\`\`sh
npm run mutants                          # every mutant; exits with 1 if one survives
npm run mutants -- unconditional-delete  # some of them
npm run mutants -- --find NAME           # every test that notices a mutant
\`\`\`

First all killers run without a mutant: one that fails then proves nothing. Then each mutant is put into the copy, and its killer runs alone; it counts as killed only if that test ran and failed. Nothing else counts: not another test, not a file that could not be loaded. An edit is a text that has to be in its file exactly once. When the code moves on, \`npm test\` says which mutant has gone stale; the catalogue is in \`test/mutants/catalogue\`.

Why not a mutation tool: it changes every operator there is, takes hours, and most of what it changes is no bug that anybody had. These were chosen by hand, from what went wrong in the field.

This page is written by \`npm run mutants -- --write\`.
`;
