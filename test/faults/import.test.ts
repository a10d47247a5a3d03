import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { noUnhandledRejections } from "../support/outcome.ts";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url);
const child = fileURLToPath(new URL("../support/import-child.ts", import.meta.url));
const adapters = readdirSync(new URL("adapters/", root)).filter((file) => file.endsWith(".ts"));
const entries = ["src/index.ts", ...adapters.map((file) => `adapters/${file}`)];

noUnhandledRejections();

test.concurrent.each(entries)(
  "importing %s touches no timer, clock, randomness, crypto, network or AbortController",
  async (entry) => {
    const { stdout } = await run(process.execPath, [child, new URL(entry, root).href]);
    expect(Number(stdout)).toBeGreaterThan(0);
  },
);

test.concurrent("what touches one is found out", async () => {
  for (const code of [
    "export const t = setTimeout(() => {}, 1)",
    "export const a = new AbortController()",
    "export const r = Math.random()",
  ]) {
    const module = `data:text/javascript,${encodeURIComponent(code)}`;
    await expect(run(process.execPath, [child, module])).rejects.toThrow("was touched at import");
  }
});
