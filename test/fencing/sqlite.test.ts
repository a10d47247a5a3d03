import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { tryRecipe } from "./sql.ts";

test("SQLite: a stale holder's write is refused by each statement, and gets through without the check", async () => {
  const database = new DatabaseSync(":memory:");
  // $1 is a name to SQLite, which wants it given by that.
  const named = (values: (number | string)[]) =>
    Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]));
  try {
    await tryRecipe(
      {
        run: async (statement, values = []) => Number(database.prepare(statement).run(named(values)).changes),
        number: async (query) => Number(Object.values(database.prepare(query).get() ?? {})[0]),
      },
      (actual, expected, what) => expect(actual, what).toBe(expected),
    );
  } finally {
    database.close();
  }
});
