import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { startRestServer } from "../../test/support/rest-server.ts";
import { PLAIN, UNFENCED } from "../contenders/holdfast.ts";
import { UPSTASH_LOCK } from "../contenders/peers.ts";
import { ROOT } from "../support/built.ts";
import { interleave, known, series } from "../support/interleave.ts";
import { differences, type Summary, summarize } from "../support/statistics.ts";
import { type Section, type Stage, type Suite, turnsOf } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { withRedis } from "./redis.ts";

const DATE = "2026-07-30";
const EMPTY = "an empty Worker";

interface Rest {
  url: string;
  token: string;
}

const ours =
  (options: string) =>
  ({ url, token }: Rest) =>
    `
  import { createLocks } from "holdfast";
  import { upstash } from "holdfast/upstash";
  const locks = createLocks(upstash({ url: "${url}", token: "${token}" }), ${options});
  export default { async fetch() {
    const lease = await locks.acquire("isolate");
    return new Response(String(await lease.release()));
  } };`;

const theirs = ({ url, token }: Rest) => `
  import { Lock } from "@upstash/lock";
  import { Redis } from "@upstash/redis/cloudflare";
  const redis = new Redis({ url: "${url}", token: "${token}" });
  export default { async fetch() {
    const lock = new Lock({ redis, id: "isolate" });
    await lock.acquire();
    return new Response(String(await lock.release()));
  } };`;

const PROGRAMS: Record<string, (rest: Rest) => string> = {
  [EMPTY]: () => `export default { fetch: () => new Response("true") };`,
  [UNFENCED]: ours("{ fence: false }"),
  [PLAIN]: ours("{}"),
  [UPSTASH_LOCK]: theirs,
};

/** As it would be deployed. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    alias: { holdfast: join(ROOT, "dist/index.js"), "holdfast/upstash": join(ROOT, "dist/upstash.js") },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

async function bundles({ peers }: Stage, rest: Rest): Promise<{ programs: Record<string, string>; absent: string[] }> {
  const programs: Record<string, string> = {};
  const installed = existsSync(join(import.meta.dirname, "../node_modules/@upstash/lock"));
  for (const [name, program] of Object.entries(PROGRAMS)) {
    if (name !== UPSTASH_LOCK || (peers && installed)) programs[name] = await bundle(program(rest));
  }
  return { programs, absent: peers && !installed ? [`${UPSTASH_LOCK}: not supported: it is not installed`] : [] };
}

async function measure(stage: Stage, rest: Rest): Promise<Section> {
  const title = "Import and first lock in a fresh isolate of workerd";
  stage.progress(title);
  const { programs, absent } = await bundles(stage, rest);
  const host = readFileSync(join(import.meta.dirname, "isolate-host.js"), "utf8");
  const miniflare = new Miniflare({
    cf: false,
    modules: [{ type: "ESModule", path: "host.mjs", contents: host }],
    compatibilityDate: DATE,
    workerLoaders: { LOADER: {} },
    bindings: { DATE, PROGRAMS: programs },
  });
  const rounds = turnsOf(stage, 60);
  try {
    const played = await interleave(
      Object.keys(programs).map((name) => ({ name, turn: async () => ({ ms: await isolate(miniflare, name) }) })),
      { rounds, warmUp: stage.quick ? 0 : 5, progress: (done, of) => stage.progress(title, done / of) },
    );
    const failed = [...played].flatMap(([name, { failures, firstFailure }]) =>
      failures ? [`${name} failed ${failures} times: ${firstFailure}`] : [],
    );
    const times = (name: string) => series(played.get(name), "ms");
    return sectionOf(title, rounds, programs, [...absent, ...failed], {
      total: (name) => summarize(known(times(name))),
      beyond: (name) => summarize(differences(times(name), times(EMPTY))),
    });
  } finally {
    await miniflare.dispose();
  }
}

/** Milliseconds from the request to the answer of a Worker that is started for it, and takes a lock. */
async function isolate(miniflare: Miniflare, program: string): Promise<number> {
  const began = performance.now();
  const response = await miniflare.dispatchFetch("http://host/", { method: "POST", body: program });
  const said = await response.text();
  if (said !== "true") throw new Error(`the Worker answered: ${said.slice(0, 200)}`);
  return performance.now() - began;
}

function sectionOf(
  title: string,
  rounds: number,
  programs: Record<string, string>,
  trouble: string[],
  { total, beyond }: Record<"total" | "beyond", (name: string) => Summary>,
): Section {
  const names = Object.keys(programs);
  const limit = beyond(UPSTASH_LOCK).median;
  return {
    title,
    notes: [
      `A new isolate for each turn: its program is loaded, takes a lock from a REST server on this machine, and gives it back. ${rounds} rounds.`,
      "Programs are bundled and minified by esbuild; the size is that, gzipped.",
      ...trouble,
    ],
    head: ["Worker", "ms", "quartiles", `ms more than ${EMPTY}`, "size, B"],
    rows: names.map((name) => {
      const { median, quartiles } = total(name);
      const size = gzipSync(programs[name] as string, { level: 9 }).length;
      const more = number(beyond(name).median);
      return [name, number(median), quartiles.map(number).join(" to "), more, size.toLocaleString("en-US")];
    }),
    targets: [UNFENCED, PLAIN].map((name) => ({
      what: `${name}: ms more than ${EMPTY}, against ${UPSTASH_LOCK}`,
      limit,
      measured: beyond(name).median,
    })),
    data: names.map((name) => ({ name, total: total(name), beyond: beyond(name) })),
  };
}

export const isolateSuite: Suite = {
  name: "isolate",
  summary: "import and first lock in a fresh isolate of workerd",
  packages: ["@upstash/lock", "@upstash/redis", "miniflare", "esbuild"],
  run: (stage) =>
    withRedis(async function* (redis) {
      const server = await startRestServer({ redisUrl: redis.url });
      try {
        yield await measure(stage, server);
      } finally {
        await server.close();
      }
    }),
};
