import { GUARD, TABLES, UPDATE, UPSERT } from "../../examples/fencing/fenced-row.ts";
import { holders } from "./holders.ts";

/** What the recipe needs of a database: how many rows a statement changed, and one number out of a query. */
export interface Sql {
  run(statement: string, values?: (number | string)[]): Promise<number>;
  number(query: string): Promise<number>;
}

type Equal = (actual: unknown, expected: unknown, what: string) => void;

/** The recipe on a database: the same on SQLite, by `npm test`, and on PostgreSQL, by hand. */
export async function tryRecipe(sql: Sql, equal: Equal): Promise<void> {
  const { stale, current } = await holders();
  const balance = () => sql.number("SELECT balance FROM accounts WHERE id = 7");
  for (const table of TABLES.trim().split("\n")) await sql.run(table);
  await sql.run("INSERT INTO accounts (id, balance) VALUES (7, 100)");

  await sql.run("UPDATE accounts SET balance = $1 WHERE id = $2", [120, 7]);
  equal(await sql.run("UPDATE accounts SET balance = $1 WHERE id = $2", [90, 7]), 1, "unchecked: rows changed");
  equal(await balance(), 90, "unchecked: the stale holder's write");

  equal(await sql.run(UPDATE, [120, current.fence, 7]), 1, "UPDATE by the current holder");
  equal(await sql.run(UPDATE, [90, stale.fence, 7]), 0, "UPDATE by the stale holder");
  equal(await sql.run(UPDATE, [130, current.fence, 7]), 1, "UPDATE by the current holder, again");
  equal(await balance(), 130, "the balance");
  equal(await sql.number("SELECT fence FROM accounts WHERE id = 7"), current.fence, "the fence, to the last digit");

  equal(await sql.run(UPSERT, [10, current.fence, 8]), 1, "UPSERT of a new row");
  equal(await sql.run(UPSERT, [20, stale.fence, 8]), 0, "UPSERT by the stale holder");
  equal(await sql.run(UPSERT, [30, current.fence, 8]), 1, "UPSERT by the current holder");
  equal(await sql.number("SELECT balance FROM accounts WHERE id = 8"), 30, "the balance of the new row");

  for (const [fence, rows, after] of [
    [current.fence, 1, 131],
    [stale.fence, 0, 131],
  ] as const) {
    await sql.run("BEGIN");
    const passed = await sql.run(GUARD, ["account:7", fence]);
    equal(passed, rows, `GUARD with ${fence}`);
    await sql.run("UPDATE accounts SET balance = balance + 1 WHERE id = 7");
    await sql.run(passed ? "COMMIT" : "ROLLBACK");
    equal(await balance(), after, `the balance after the transaction with ${fence}`);
  }
}
