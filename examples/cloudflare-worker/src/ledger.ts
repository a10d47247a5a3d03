export interface Entry {
  fence: number;
  receipt: string | null;
}

let created = false;

async function table(db: D1Database): Promise<D1Database> {
  if (!created) {
    await db.prepare("CREATE TABLE IF NOT EXISTS ledger (id TEXT PRIMARY KEY, fence INTEGER, receipt TEXT)").run();
    created = true;
  }
  return db;
}

export async function read(db: D1Database, id: string): Promise<Entry | null> {
  return (await table(db)).prepare("SELECT fence, receipt FROM ledger WHERE id = ?").bind(id).first<Entry>();
}

/** Writes unless a later holder has written: the comparison and the write are one statement. */
export async function write(db: D1Database, id: string, fence: number, receipt: string | null): Promise<boolean> {
  const statement = (await table(db)).prepare(
    `INSERT INTO ledger (id, fence, receipt) VALUES (?1, ?2, ?3)
     ON CONFLICT (id) DO UPDATE SET fence = ?2, receipt = ?3 WHERE fence <= ?2
     RETURNING fence`,
  );
  return (await statement.bind(id, fence, receipt).first<Entry>()) !== null;
}
