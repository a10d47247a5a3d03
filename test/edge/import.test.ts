import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { createContext, runInContext } from "node:vm";
import { EdgeRuntime } from "edge-runtime";
import { Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./support/bundle.ts";
import { COMPATIBILITY_DATE } from "./support/isolate.ts";

const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const entries = Object.keys(exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => subpath.replace(/^\./, "holdfast"));

const imports = (entry: string) => `import * as entry from "${entry}";\nconst found = Object.keys(entry);\n`;

/** What a module of a Worker may well call where no request is there yet. */
const FACTORIES = `
import { createLocks, isLockError, LockError } from "holdfast";
import { upstash } from "holdfast/upstash";
import { subscribe } from "holdfast/upstash-subscribe";
import { memory } from "holdfast/memory";
import { command } from "holdfast/command";
const rest = { url: "https://example.upstash.io", token: "secret" };
const options = { ttl: "1m", wait: "5s", owner: undefined, retry: { min: 10 }, waitUntil: () => {}, onEvent: () => {} };
const overRest = createLocks(upstash({ ...rest, subscribe }), options);
createLocks(upstash.fromEnv({ UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token }));
createLocks(command(async () => "OK"));
const locks = createLocks(memory(), options).withOptions({ fence: false });
const guarded = locks.wrap(async () => "done", { name: (id) => "job:" + id });
const found = [typeof overRest.request, typeof guarded, isLockError(new Error()), new LockError("A", "b").code].map(String);
`;

const modules: [name: string, code: string][] = [
  ...entries.map((entry): [string, string] => [entry, imports(entry)]),
  ["the factories", FACTORIES],
];

const options = (name: string, contents: string) => ({
  name: name.replaceAll(/\W/g, "-"),
  modules: [{ type: "ESModule" as const, path: "index.mjs", contents }],
  compatibilityDate: COMPATIBILITY_DATE,
});

describe("at the global scope of a Worker", () => {
  let miniflare: Miniflare;
  beforeAll(async () => {
    const answer = "export default { fetch: () => Response.json(found) };";
    const workers = modules.map(async ([name, code]) => options(name, await bundle(code + answer)));
    miniflare = new Miniflare({ cf: false, workers: await Promise.all(workers) });
    // Rejects when workerd refuses what one of them does.
    await miniflare.ready;
  });
  afterAll(() => miniflare?.dispose());

  test.each(modules)("%s", async (name) => {
    const worker = (await miniflare.getWorker(options(name, "").name)) as unknown as { fetch: typeof fetch };
    const response = await worker.fetch("http://worker/");
    expect(((await response.json()) as string[]).length).toBeGreaterThan(0);
  });
});

test.each([
  ["a timer", "setTimeout(() => {}, 1);"],
  ["randomness", "crypto.getRandomValues(new Uint8Array(1));"],
  ["an AbortController", "new AbortController();"],
])("workerd refuses %s there, so the tests above would see it", async (_, code) => {
  const contents = `${code}\nexport default { fetch: () => new Response("") };`;
  const miniflare = new Miniflare({
    ...options("refused", contents),
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: (...streams: Readable[]) => {
      for (const stream of streams) stream.resume();
    },
  });
  await expect(miniflare.ready).rejects.toThrow("failed to start");
  await miniflare.dispose().catch(() => {});
});

const FORBIDDEN =
  "setTimeout setInterval setImmediate clearTimeout clearInterval queueMicrotask scheduler crypto performance Date " +
  "AbortController AbortSignal fetch Request Response Headers Event EventTarget MessageChannel process Buffer " +
  "require module global eval Function navigator window document";

/** A realm in which to touch any of it is an error. */
function forbidding(): object {
  // Not of JavaScript, but of every runtime, and harmless.
  const realm = createContext({ TextEncoder, URL });
  runInContext(
    `for (const name of ${JSON.stringify(FORBIDDEN.split(" "))}) {
       Object.defineProperty(globalThis, name, { get() { throw new Error(name + " was touched at import"); } });
     }
     Math.random = () => { throw new Error("Math.random was called at import"); };`,
    realm,
  );
  return realm;
}

const asScript = (code: string) => bundle(`${code}globalThis.found = found;`, { format: "iife" });

test.each(modules)(
  "%s touches nothing that a Worker forbids at import, or that only some runtimes have",
  async (_, code) => {
    const realm = forbidding() as { found?: string[] };
    runInContext(await asScript(code), realm);
    expect(realm.found?.length).toBeGreaterThan(0);
  },
);

test("that realm finds out what touches one", () => {
  for (const code of ["new AbortController()", "Date.now()", "Math.random()", "typeof process"]) {
    expect(() => runInContext(code, forbidding())).toThrow("at import");
  }
});

test.each(modules)("%s loads in edge-runtime", async (_, code) => {
  const runtime = new EdgeRuntime({ initialCode: await asScript(code) });
  expect(runtime.evaluate("found.length")).toBeGreaterThan(0);
});
