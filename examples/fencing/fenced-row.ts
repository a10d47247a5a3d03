// SQL to copy. Each is one statement, so that the comparison and the write are one step. `fence` is a BIGINT, 0 at first.

/** Changes a row that is there. No row changed: the holder is stale, or there is no such row. */
export const UPDATE = `
UPDATE accounts SET balance = $1, fence = $2 WHERE id = $3 AND fence <= $2`;

/** Changes the row or makes it. No row changed: the holder is stale. */
export const UPSERT = `
INSERT INTO accounts (id, balance, fence) VALUES ($3, $1, $2)
ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, fence = excluded.fence
WHERE accounts.fence <= excluded.fence`;

/**
 * First in a transaction that touches several rows, or tables without a fence. No row changed: the holder is stale; roll
 * back. Until the transaction ends nobody else passes here.
 */
export const GUARD = `
INSERT INTO fences (name, fence) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET fence = excluded.fence WHERE fences.fence <= excluded.fence`;

/** The tables that these statements want. */
export const TABLES = `
CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, fence BIGINT NOT NULL DEFAULT 0);
CREATE TABLE fences (name TEXT PRIMARY KEY, fence BIGINT NOT NULL);`;
