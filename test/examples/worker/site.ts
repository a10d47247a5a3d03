import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { root, wranglerConfig } from "./config.ts";

export interface Site {
  url: URL;
  miniflare: Miniflare;
  stop(): Promise<void>;
}

/** The Worker in workerd, with its page and its database, as `wrangler dev` runs it. */
export async function startSite(bindings: Record<string, string> = {}): Promise<Site> {
  const { main, compatibilityDate, assets, databases, alias } = wranglerConfig();
  const absolute = Object.entries(alias).map(([name, path]) => [name, root + path]);
  const { outputFiles } = await build({
    entryPoints: [root + main],
    alias: Object.fromEntries(absolute),
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "index.mjs", contents: outputFiles[0]!.text }],
    compatibilityDate,
    cf: false,
    bindings,
    d1Databases: databases,
    assets: { directory: root + assets, routerConfig: { has_user_worker: true }, assetConfig: {} },
  });
  return { url: await miniflare.ready, miniflare, stop: () => miniflare.dispose() };
}
