// The SQL recipe on a real PostgreSQL, by hand: node test/fencing/try-postgres.ts
// Starts a server of its own, with initdb and postgres from PATH or from PG_BIN; not as root, which PostgreSQL refuses.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryRecipe } from "./sql.ts";

const program = (name: string) => (process.env.PG_BIN ? join(process.env.PG_BIN, name) : name);
const dir = mkdtempSync(join(tmpdir(), "holdfast-postgres-"));

function start(): ReturnType<typeof spawn> {
  execFileSync(program("initdb"), ["-D", dir, "-U", "postgres", "-A", "trust"], { stdio: "ignore" });
  return spawn(program("postgres"), ["-D", dir, "-k", dir, "-c", "listen_addresses="], { stdio: "ignore" });
}

/** One session of psql for everything: BEGIN and COMMIT are in it. */
function session() {
  const psql = spawn(program("psql"), ["-h", dir, "-U", "postgres", "-At", "-q"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  let heard = () => {};
  psql.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
    heard();
  });
  async function ask(input: string): Promise<string> {
    said = "";
    psql.stdin.write(`${input}\n\\echo end\n`);
    while (!said.endsWith("end\n")) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
    return said.slice(0, -4).trim();
  }
  return { ask, end: () => psql.stdin.end("\\q\n") };
}

const server = start();
try {
  for (let tries = 0; ; tries++) {
    try {
      execFileSync(program("pg_isready"), ["-h", dir], { stdio: "ignore" });
      break;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const { ask, end } = session();
  // psql binds parameters from version 16 on only; these have no quotes.
  const bound = (statement: string, values: (number | string)[]) =>
    statement.replace(/\$(\d)/g, (_, nth) => `'${values[nth - 1]}'`);
  await tryRecipe(
    {
      async run(statement, values = []) {
        await ask(`${bound(statement, values).replace(/;$/, "")};`);
        return Number(await ask("\\echo :ROW_COUNT"));
      },
      number: async (query) => Number(await ask(`${query};`)),
    },
    (actual, expected, what) => assert.equal(actual, expected, what),
  );
  console.log(`the recipe holds on PostgreSQL ${await ask("SHOW server_version;")}`);
  end();
} finally {
  server.kill("SIGINT");
  await new Promise((resolve) => server.once("exit", resolve));
  rmSync(dir, { recursive: true, force: true });
}
