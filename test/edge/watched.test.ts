import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { expect, test } from "vitest";

const worker = new URL("workers/watched.ts", import.meta.url).pathname;

test.each([
  ["without Node's API", [], 0],
  ["with nodejs_compat", ["nodejs_compat"], 1],
])("in a Worker %s locks are traced, and published where there are channels", async (_, flags, published) => {
  const { outputFiles } = await build({
    entryPoints: [worker],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd", "module"],
  });
  const isolate = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-01-01",
    compatibilityFlags: flags,
  });
  try {
    const answer = await isolate.dispatchFetch("http://worker/");
    expect(await answer.json()).toEqual({ held: true, events: ["acquired", "released"], published });
  } finally {
    await isolate.dispose();
  }
});
