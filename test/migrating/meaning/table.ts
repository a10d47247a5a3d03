import { describe, expect, test } from "vitest";
import { read, tableUnder } from "../../docs/markdown.ts";

export interface Proofs {
  /** Shows what a row of the table says of the library, and of holdfast where that is not shown elsewhere. */
  row(cell: string, proof: () => unknown): void;
  /** Names the tests that show it already, by their file below `test` and their titles. */
  shown(cell: string, file: string, ...titles: string[]): void;
  /** Says why there is nothing to try. */
  plain(cell: string, why: string): void;
}

/** Holds each row of a library's table in docs/migrating.md: there is a test for every one, or the reason why not. */
export function meanings(heading: string, prove: (proofs: Proofs) => void): void {
  const rows = tableUnder(read("docs/migrating.md"), heading.replaceAll(".", "\\.")).map(([cell]) => cell as string);
  const seen = new Set<string>();

  describe(heading, () => {
    prove({
      row(cell, proof) {
        seen.add(cell);
        test(cell, async () => void (await proof()));
      },
      shown(cell, file, ...titles) {
        seen.add(cell);
        test(`${cell} (shown in ${file})`, () => {
          for (const title of titles) expect(read(`test/${file}`)).toContain(`"${title}"`);
        });
      },
      plain(cell) {
        seen.add(cell);
      },
    });
    test("every row of its table is here", () => expect([...seen].sort()).toEqual(rows.sort()));
  });
}
