import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anchorsOf, type Block, blocksOf, pages, read, root } from "./markdown.ts";
import { typeCheck } from "./type-check.ts";

const all = pages();
const samples = all.flatMap(blocksOf).filter((block) => block.language === "ts");

test("every sample type-checks", { timeout: 120_000 }, () => {
  expect(samples.length).toBeGreaterThan(10);
  expect(typeCheck(samples)).toEqual([]);
});

describe("a sample marked as runnable runs over memory and ends by itself", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-docs-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.for(samples.filter((block) => block.runnable))(
    "$page:$line",
    { timeout: 60_000 },
    async ({ page, line, code }) => {
      const program = join(folder, `${page.replaceAll(/\W/g, "-")}-${line}.mts`);
      await writeFile(program, runnable(code));
      // Rejects with what the program said, unless it exits with 0 in time.
      const ended = await promisify(execFile)(process.execPath, [program], { timeout: 50_000 });
      expect(ended.stderr.replace(/\(node:.*Warning[\s\S]*?\n\(Use .*\n/g, "")).toBe("");
    },
  );
});

test("every relative link leads somewhere", () => {
  const broken = all.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, file = "", anchor]) => {
      const target = file ? join(dirname(path), file) : path;
      const found = existsSync(join(root, target)) && (!anchor || anchorsOf(read(target)).includes(anchor));
      return found ? [] : [`${path}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

/** Each subpath with its source. */
const SOURCES: Record<string, string> = JSON.parse(read("jsr.json")).exports;

/** The sample as a program: the package from its sources, clients and their adapters over memory. */
function runnable(code: Block["code"]): string {
  const from = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href);
  const imports = code
    .replace(
      /from "(?:ioredis|holdfast\/ioredis|redis|holdfast\/node-redis)"/g,
      `from ${from("test/docs/over-memory.ts")}`,
    )
    .replace(/from "holdfast(\/[\w-]+)?"/g, (_, subpath = "") => `from ${from(SOURCES[`.${subpath}`] ?? "nowhere")}`)
    .replace(/from "(@opentelemetry\/[\w-]+)"/g, (_, name) => `from ${JSON.stringify(import.meta.resolve(name))}`);
  return `import ${from("test/docs/prelude.ts")};\n${imports}`;
}
