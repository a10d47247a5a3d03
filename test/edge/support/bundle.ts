import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const workers = join(root, "test/edge/workers");

/** What is written against the sources runs on what is published. */
const fromDist: Plugin = {
  name: "from dist",
  setup({ onResolve }) {
    onResolve({ filter: /^holdfast(\/[\w-]+)?$|(src\/index|adapters\/[\w-]+)\.ts$/ }, ({ path }) => {
      const entry = path.endsWith(".ts") ? basename(path, ".ts") : (path.split("/")[1] ?? "index");
      const file = join(root, "dist", `${entry}.js`);
      if (!existsSync(file)) return { errors: [{ text: `no ${file}: run npm run build, or npm test, which does` }] };
      return { path: file };
    });
  },
};

export interface BundleOptions {
  /** @default "esm" */
  format?: "esm" | "iife";
  /** Constants of the program. */
  define?: Record<string, unknown>;
}

/** A program in test/edge/workers, over the built package, as one text. Fails on any import that is not bundled. */
export async function bundle(code: string, { format = "esm", define = {} }: BundleOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: workers, loader: "ts" },
    bundle: true,
    write: false,
    format,
    platform: "neutral",
    target: "es2022",
    define: Object.fromEntries(Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])),
    plugins: [fromDist],
    logLevel: "silent",
    absWorkingDir: dirname(workers),
  });
  return outputFiles[0]?.text ?? "";
}
