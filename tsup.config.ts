import type { Options } from "tsup";
import { INTERNAL } from "./scripts/internal-names.ts";
import { luaPlugin } from "./scripts/minify-lua.ts";

// A consumer with lib es2022 lacks the types of `await using` unless the declarations ask for them themselves. And he may
// have no `AbortSignal`: an empty interface adds nothing where there is one; src/signal.ts says what it is for.
const DECLARATIONS = `/// <reference lib="esnext.disposable" />
declare global {
  interface AbortSignal {}
}`;

const config: Options = {
  // One entry a subpath; the package test checks that this list and `exports` agree.
  entry: {
    index: "src/index.ts",
    ioredis: "adapters/ioredis.ts",
    "node-redis": "adapters/node-redis.ts",
    upstash: "adapters/upstash.ts",
    memory: "adapters/memory.ts",
    command: "adapters/command.ts",
    quorum: "src/quorum.ts",
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
  clean: true,
  esbuildPlugins: [luaPlugin],
  esbuildOptions(options) {
    options.mangleProps = new RegExp(`^(${INTERNAL.join("|")})$`);
  },
};

export default config;
