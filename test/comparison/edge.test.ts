import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const peers = join(root, "test/migrating");
const builtins = builtinModules.flatMap((name) => [name, `node:${name}`]);

/** Bundles as for a Worker without Node's modules. */
async function bundle(contents: string, resolveDir: string, external: string[] = []) {
  return build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["browser", "module", "main"],
    external: [...builtins, ...external],
    logLevel: "silent",
  });
}

/** The modules of Node that are left as imports. */
async function wants(library: string, resolveDir = peers): Promise<string[]> {
  const { metafile } = await bundle(`export * from "${library}"`, resolveDir);
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return [...new Set(imports.filter((one) => one.external).map((one) => one.path))].sort();
}

describe("modules of Node that a bundle for the edge would need", () => {
  test.each([
    ["redlock4", ["crypto", "events", "util"]],
    ["redlock5", ["crypto", "events"]],
    ["redis-semaphore", ["crypto", "node:crypto"]],
    ["universal", ["crypto"]],
    ["simple-redis-mutex", []],
    ["@upstash/lock", []],
  ])("%s: %s", async (library, modules) => {
    expect(await wants(library)).toEqual(modules);
  });

  test("holdfast with each of its adapters: none", async () => {
    for (const file of ["src/index.ts", "src/quorum.ts", "adapters/upstash.ts", "adapters/ioredis.ts"]) {
      expect(await wants(`./${file}`, root)).toEqual([]);
    }
  });
});

/** Bytes, minified and gzipped, but for these clients. */
async function size(code: string, resolveDir: string, clients: string[] = []): Promise<number> {
  const { outputFiles } = await bundle(code, resolveDir, clients);
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

const ours = (adapter: string) =>
  size(`export { createLocks } from "./src/index.ts"; export * from "./adapters/${adapter}.ts"`, root);

test("@upstash/lock with its client is larger than holdfast with its own REST caller", async () => {
  const theirs = await size('export { Lock } from "@upstash/lock"; export { Redis } from "@upstash/redis"', peers);
  expect(theirs / 1000).toBeCloseTo(19.4, 0);
  expect(await ours("upstash")).toBeLessThan(theirs);
});

test("without the client, every library but redlock 4 is smaller than holdfast with an adapter", async () => {
  const smallest = Math.min(...(await Promise.all(["ioredis", "node-redis", "upstash"].map(ours))));
  for (const code of [
    'export { default } from "redlock5"',
    'export { Mutex, RedlockMutex } from "redis-semaphore"',
    'export { createLock, createRedlock, IoredisAdapter } from "universal"',
    'export { Lock } from "@upstash/lock"',
    'export { lock, tryLock } from "simple-redis-mutex"',
  ]) {
    expect(await size(code, peers, ["ioredis", "redis", "@upstash/redis"]), code).toBeLessThan(smallest);
  }
  expect(await size('export { default } from "redlock4"', peers)).toBeGreaterThan(smallest);
});

test("redlock 5: its types are not reached by its exports", { timeout: 120_000 }, () => {
  const program = join(peers, "program.ts");
  const code = 'import Redlock from "redlock5";\nimport { Lock } from "@upstash/lock";\nexport { Lock, Redlock };\n';
  const options = {
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, how) =>
    path === program ? ts.createSourceFile(path, code, how) : getSourceFile.call(host, path, how);
  const checked = ts.createProgram([program], options, host);
  const complaints = ts.getPreEmitDiagnostics(checked, checked.getSourceFile(program));
  expect(complaints.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([
    expect.stringMatching(/redlock5.*There are types.*could not be resolved when respecting package.json "exports"/s),
  ]);
});

test("redlock-universal asks for Node 22", () => {
  const { engines } = JSON.parse(readFileSync(join(peers, "node_modules/universal/package.json"), "utf8"));
  expect(engines.node).toBe(">=22.0.0");
});
