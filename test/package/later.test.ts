import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { nodes } from "./support/nodes.ts";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));

/** Takes away what is loaded later, asks for it twice, puts it back, and asks again. */
const PROGRAM = `
const { readdirSync, renameSync } = require("node:fs");
const [, kind] = process.argv;
const load = (entry) => kind === "js" ? import(process.cwd() + "/" + entry + ".js") : require("./" + entry + ".cjs");
(async () => {
  const { createLocks } = await load("index");
  const { memory } = await load("memory");
  const store = memory();
  let sent = 0;
  const counted = { ...store, eval: (...args) => { sent++; return store.eval(...args); } };
  const locks = createLocks(counted, { fair: true, renew: false });
  const file = readdirSync(".").find((name) => name.startsWith("contention-") && name.endsWith("." + kind));
  const seen = [];
  const ask = () => locks.acquire("x").then((lease) => lease.release(), (error) => error.code + " " + sent);
  renameSync(file, "away");
  seen.push(await ask(), await ask());
  renameSync("away", file);
  seen.push(await ask());
  console.log(JSON.stringify(seen));
})();
`;

const cases = nodes.flatMap(({ major, file }) => ["js", "cjs"].map((kind) => [major, kind, file] as const));

test.concurrent.each(cases)(
  "Node %s, %s: what cannot be loaded later rejects one call, and is asked for by the next",
  async (_, kind, node) => {
    const copy = mkdtempSync(join(tmpdir(), "later-"));
    try {
      cpSync(dist, copy, { recursive: true, filter: (path) => !path.includes(".d.") });
      // Says that .js files are modules.
      cpSync(fileURLToPath(new URL("../../package.json", import.meta.url)), join(copy, "package.json"));
      const program = ["--input-type=commonjs", "-e", PROGRAM, kind];
      const { stdout } = await promisify(execFile)(node, program, { cwd: copy });
      expect(JSON.parse(stdout)).toEqual(["ERR_MODULE_NOT_FOUND 0", "ERR_MODULE_NOT_FOUND 0", true]);
    } finally {
      rmSync(copy, { recursive: true });
    }
  },
);
