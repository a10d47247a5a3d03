import type { Options } from "tsup";
import { INTERNAL } from "./scripts/internal-names.ts";
import { luaPlugin } from "./scripts/minify-lua.ts";
import { noticePlugin, silentPlugin } from "./scripts/vendored.ts";

// A consumer with lib es2022 lacks the types of `await using` unless the declarations ask for them themselves. And he may
// have no `AbortSignal`: an empty interface adds nothing where there is one; src/signal.ts says what it is for.
const DECLARATIONS = `/// <reference lib="esnext.disposable" />
declare global {
  interface AbortSignal {}
}`;

const library: Options = {
  // One entry a subpath; the package test checks that this list and `exports` agree.
  entry: {
    index: "src/index.ts",
    ioredis: "adapters/ioredis.ts",
    "node-redis": "adapters/node-redis.ts",
    upstash: "adapters/upstash.ts",
    "upstash-subscribe": "adapters/upstash-subscribe.ts",
    memory: "adapters/memory.ts",
    command: "adapters/command.ts",
    quorum: "src/quorum.ts",
    "single-flight": "src/single-flight.ts",
    decorators: "src/decorators.ts",
    otel: "src/otel.ts",
    diagnostics: "src/diagnostics.ts",
    testing: "src/testing.ts",
    conformance: "test/conformance/index.ts",
  },
  format: ["esm", "cjs"],
  dts: { banner: DECLARATIONS },
  // Without splitting each entry gets its own copy of the error classes, and `instanceof` fails across subpaths.
  splitting: true,
  treeshake: true,
  target: "es2022",
  platform: "neutral",
  clean: ["!cli/**"],
  esbuildPlugins: [luaPlugin],
  esbuildOptions(options) {
    options.mangleProps = new RegExp(`^(${INTERNAL.join("|")})$`);
  },
};

/** The command: a program over the package's public API, with what it needs of others inside. */
const cli: Options = {
  entry: { main: "cli/main.ts", guardian: "cli/guardian.ts" },
  outDir: "dist/cli",
  format: "esm",
  // What a subcommand does not need is not loaded.
  splitting: true,
  target: "node20",
  platform: "node",
  external: [/^holdfast(\/|$)/],
  minify: true,
  clean: true,
  // ioredis and commander are CommonJS, and ask for Node's modules by `require`.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  esbuildPlugins: [silentPlugin, noticePlugin],
};

const configs: Options[] = [library, cli];

export default configs;
