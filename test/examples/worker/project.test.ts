import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { example, root, wranglerConfig } from "./config.ts";
import { type Site, startSite } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await startSite();
}, 60_000);

afterAll(() => site?.stop());

test("wrangler.toml names what is there", () => {
  const { main, assets, alias, compatibilityDate } = wranglerConfig();
  for (const path of [main, `${assets}/index.html`, ...Object.values(alias)]) {
    expect(existsSync(join(root, path)), path).toBe(true);
  }
  expect(compatibilityDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

test("every part of the library that the Worker imports is one that the package exports", () => {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { exports: object };
  const sources = readdirSync(`${example}src`).map((file) => readFileSync(`${example}src/${file}`, "utf8"));
  const imported = new Set(
    sources.flatMap((source) => [...source.matchAll(/from "(holdfast[^"]*)"/g)].map(([, name]) => name)),
  );
  expect([...imported].sort()).toEqual(Object.keys(wranglerConfig().alias).sort());
  for (const name of imported) expect(Object.keys(exports)).toContain(name?.replace("holdfast", "."));
});

test("its types are right", { timeout: 60_000 }, async () => {
  const compiler = `${root}node_modules/typescript7/bin/tsc`;
  const run = promisify(execFile)(process.execPath, [compiler, "--noEmit", "-p", example]);
  await expect(
    run.then(
      () => "",
      ({ stdout }: { stdout: string }) => stdout,
    ),
  ).resolves.toBe("");
});

test("without Upstash it runs on this machine, and says what its lock is worth", async () => {
  expect(await (await fetch(new URL("/store", site.url))).json()).toEqual({ kind: "memory" });
  const charge = () => fetch(new URL("/orders/7/charge", site.url), { method: "POST" }).then((answer) => answer.json());
  const [one, ...others] = await Promise.all([charge(), charge(), charge()]);
  expect(one).toEqual({ receipt: expect.stringMatching(/^pretended-/) });
  for (const other of others) expect(other).toEqual(one);
});

test("deployed without Upstash it charges nothing", async () => {
  const away = "https://worker.example";
  const told = await site.miniflare.dispatchFetch(`${away}/store`);
  expect(await told.json()).toEqual({ kind: "none", error: expect.stringContaining("UPSTASH_REDIS_REST_URL") });
  const charged = await site.miniflare.dispatchFetch(`${away}/orders/8/charge`, { method: "POST" });
  expect(charged.status).toBe(503);
  expect(await charged.json()).toMatchObject({ error: expect.stringContaining("UPSTASH_REDIS_REST_URL") });
});

test("what does not exist, or not by that method, is refused", async () => {
  const status = async (path: string, init?: RequestInit) => (await fetch(new URL(path, site.url), init)).status;
  expect(await status("/orders/7/refund")).toBe(404);
  expect(await status("/orders/7/charge")).toBe(405);
  expect(await status("/contend")).toBe(426);
});
