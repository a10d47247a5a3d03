import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTwoRows } from "../support/in-turn.ts";
import { examples } from "./docstrings.ts";
import { type Block, blocksOf, headingsOf, pages, read, reference, root } from "./markdown.ts";
import { typeCheck } from "./type-check.ts";

const all = pages();
const samples = [...all.flatMap(blocksOf), ...examples()].filter((block) => block.language === "ts");

/** What is type-checked and not run: what it has in it, and why. */
const NOT_RUN: [text: string, why: string][] = [
  ['from "@nestjs/common"', "Nest is in test/nestjs, which runs it"],
  ['from "vitest"', "it needs vitest; test/testing/vitest-fake-timers.test.ts is such a test"],
  ['from "holdfast/conformance"', "it is the suite, which takes a minute; test/transports runs it over each transport"],
  ...["redlock", "redlock-universal", "redis-semaphore", "simple-redis-mutex", "@upstash/lock"].map(
    (library): [string, string] => [
      `from "${library}"`,
      "it is the library before the migration; test/migrating runs it",
    ],
  ),
];
const whyNot = ({ code }: Block) => NOT_RUN.find(([text]) => code.includes(text))?.[1];

test("every sample type-checks", { timeout: 120_000 }, () => {
  for (const page of ["README.md", "src/locks.ts", "adapters/upstash.ts", "test/conformance/index.ts"])
    expect(samples.map((sample) => sample.page)).toContain(page);
  expect(typeCheck(samples).join("\n")).toBe("");
});

test("every sample is run, but for those that are listed with a reason", () => {
  const unsaid = samples.filter((sample) => sample.runnable === Boolean(whyNot(sample)) && sample.page.endsWith(".md"));
  expect(unsaid.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  for (const [text] of NOT_RUN) expect(samples.filter(({ code }) => code.includes(text))).not.toEqual([]);
});

/** Runs a module in a thread of its own until nothing keeps it alive; how it ended, and what it said on stderr. */
async function endOf(program: string): Promise<{ code: number; said: string }> {
  const start = new URL("start.ts", import.meta.url);
  const thread = new Worker(start, {
    workerData: pathToFileURL(program).href,
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  const said = text(thread.stderr);
  const limit = setTimeout(() => thread.terminate(), 50_000);
  // Rejects with what the program throws.
  const [code] = await once(thread, "exit").finally(() => clearTimeout(limit));
  return { code, said: (await said).replace(/\(node:.*Warning[\s\S]*?\n\(Use .*\n/g, "") };
}

describe.concurrent("a sample runs over memory and ends by itself", () => {
  const inTurn = inTwoRows();
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-docs-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.for(samples.filter((sample) => !whyNot(sample)))(
    "$page:$line",
    { timeout: 300_000 },
    async ({ page, line, code }, { expect }) => {
      const program = join(folder, `${page.replaceAll(/\W/g, "-")}-${line}.mts`);
      await writeFile(program, await runnable(code));
      expect(await inTurn(() => endOf(program))).toEqual({ code: 0, said: "" });
    },
  );
});

describe("every relative link leads somewhere", () => {
  test.for([
    ["on the pages", all],
    ["in the reference", reference()],
  ] as const)("%s", ([, linking]) => {
    const broken = linking.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, file = "", anchor]) => {
        const target = file ? join(dirname(path), file) : path;
        const found = existsSync(join(root, target)) && (!anchor || headingsOf(read(target)).has(anchor));
        return found ? [] : [`${path}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });
});

test("a link of the reference leads to what it names", () => {
  const wrong = reference().flatMap(({ path, text }) =>
    [...text.matchAll(/\[`?([\w.]+)(?:\(\))?`?\]\(([^)#]*)#([^)]*)\)/g)].flatMap(
      ([link, name = "", file, anchor = ""]) => {
        const title = headingsOf(read(file ? join(dirname(path), file) : path)).get(anchor) ?? "nothing";
        const [, plain] = /^(?:`abstract` )?(\w+)(?:\(\)|\?)?$/.exec(title) ?? [];
        return plain === name.split(".").at(-1) ? [] : [`${path}: ${link} leads to ${title}`];
      },
    ),
  );
  expect(wrong).toEqual([]);
});

/** Each subpath with its source. */
const SOURCES: Record<string, string> = JSON.parse(read("jsr.json")).exports;

const from = (path: string) => pathToFileURL(join(root, path)).href;

/** The sample as a module: the package from its sources, clients over memory. */
async function runnable(code: Block["code"]): Promise<string> {
  // Node takes the types away, and knows no decorators.
  const plain = code.includes("\n  @") ? (await transform(code, { loader: "ts", target: "es2022" })).code : code;
  return plain
    .replace(/from "(?:ioredis|redis|@vercel\/functions)"/g, `from "${from("test/docs/over-memory.ts")}"`)
    .replace(/from "holdfast(\/[\w-]+)?"/g, (_, subpath = "") => `from "${from(SOURCES[`.${subpath}`] ?? "nowhere")}"`)
    .replace(/from "(@opentelemetry\/[\w-]+)"/g, (_, name) => `from "${import.meta.resolve(name)}"`);
}
