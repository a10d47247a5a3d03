import { describe, expect, test } from "vitest";
import type { Kind } from "./kinds.ts";
import type { Place } from "./place.ts";
import { type Feature, ROWS, type Row, type System } from "./rows.ts";

/** Where a row is shown, and which part of it where one test does not show it all. */
type Where = readonly Kind[] | { over: readonly Kind[]; part: string };

export interface Proofs<S extends System> {
  /** Shows a row over stores, in each place. */
  row(row: Row<S>, where: Where, proof: (place: Place) => Promise<unknown>): void;
  /** Shows it by something else, which is named. */
  row(row: Row<S>, by: string, proof: () => unknown): void;
}

/** The tests of one system, side by side: they are named after its rows, and there is one for each at least. */
export function lineage<S extends System>(system: S, prove: (row: Proofs<S>["row"]) => void): void {
  const rows: Record<string, Feature> = ROWS[system];
  const shown = new Set<string>();

  function row(name: Row<S>, where: Where | string, proof: (place: Place) => unknown): void {
    shown.add(name);
    const title = `${name} → ${rows[name]?.here.replaceAll("`", "")}`;
    if (typeof where === "string") return void test(`${title} (${where})`, async () => proof(undefined as never));
    const { over, part = undefined } = "over" in where ? where : { over: where };
    for (const kind of over) {
      test(`${title} (${part ? `${part}, ` : ""}over ${kind.name})`, async () => {
        const place = await kind.open();
        try {
          await proof(place);
        } finally {
          await place.close();
        }
      });
    }
  }

  describe.concurrent(system, () => {
    prove(row);
    test("every row has its test", () => expect([...shown].sort()).toEqual(Object.keys(rows).sort()));
  });
}
