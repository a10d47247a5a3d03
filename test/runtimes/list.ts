import { fileURLToPath } from "node:url";
import type { Feature } from "./suite/place.ts";

export interface Runtime {
  name: string;
  /** How its version begins; none where the distribution chooses it. */
  version?: string;
  /** What of its settings matters. */
  with?: string;
  /** How it gets the package. */
  package: string;
  /** The program, and the file that it runs: one of ours, or one of those that are compiled for this run. */
  program: string;
  file: { own: string } | { compiled: string };
  arguments?: string[];
  /** REST servers, and tests side by side in front of each. @default 4 and 14 */
  lanes?: number;
  width?: number;
  /** Whether the conformance suite is run a second time, with `fair: true`. */
  line?: boolean;
  lacks: Feature[];
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BUN = at("../../node_modules/bun/bin/bun.exe");
// Chromium opens six connections to a server, and a stalled request occupies one.
const NARROW = { lanes: 16, width: 3 };

const node = (version: string, format: "ESM" | "CJS", program: string, lacks: Feature[] = []): Runtime => ({
  name: "Node",
  version,
  package: format,
  program,
  file: { compiled: format === "ESM" ? "node.mjs" : "node.cjs" },
  lacks,
});

/** Its name in a line or a table; `version` is the whole one where that is known. */
export function nameOf(runtime: Runtime, version: string = runtime.version ?? ""): string {
  const setting = runtime.with && `(${runtime.with})`;
  return [runtime.name, version, setting].filter(Boolean).join(" ");
}

/** What `npm test` runs, and what the README's table says. */
export const RUNTIMES: Runtime[] = [
  {
    name: "Chromium",
    package: "bundle",
    program: process.execPath,
    file: { own: "on/chromium.ts" },
    ...NARROW,
    lacks: ["TCP", "Node's globals"],
  },
  {
    name: "Deno",
    version: "2.9",
    package: "ESM",
    program: process.execPath,
    file: { own: "on/deno.ts" },
    lanes: 24,
    lacks: [],
  },
  {
    name: "workerd",
    version: "1.2026",
    package: "bundle",
    program: process.execPath,
    file: { own: "on/workerd.ts" },
    line: true,
    lacks: ["TCP", "Node's globals", "eval"],
  },
  {
    name: "workerd",
    version: "1.2026",
    with: "compatibility date 2024-09-01",
    package: "bundle",
    program: process.execPath,
    file: { own: "on/workerd.ts" },
    arguments: ["2024-09-01"],
    lacks: ["TCP", "Node's globals", "eval", "fetch's cache option"],
  },
  {
    name: "workerd",
    version: "1.2026",
    with: "nodejs_compat",
    package: "bundle",
    program: process.execPath,
    file: { own: "on/workerd-node.ts" },
    lacks: ["eval"],
  },
  {
    name: "edge-runtime",
    version: "4.0",
    package: "bundle",
    program: process.execPath,
    file: { own: "on/edge.ts" },
    lacks: ["TCP", "Node's globals", "eval", "AbortSignal.any"],
  },
  {
    name: "Bun",
    version: "1.4",
    package: "ESM",
    program: BUN,
    file: { compiled: "bun.mjs" },
    line: true,
    lacks: [],
  },
  // The two formats differ in how they are loaded: the oldest Node and the newest say whether that works.
  node("20", "ESM", at("node_modules/node20/bin/node"), ["await using", "Promise.withResolvers"]),
  node("20", "CJS", at("node_modules/node20/bin/node"), ["await using", "Promise.withResolvers"]),
  node("22", "ESM", at("node_modules/node22/bin/node"), ["await using"]),
  node("24", "ESM", process.execPath),
  node("26", "ESM", at("node_modules/node26/bin/node")),
  node("26", "CJS", at("node_modules/node26/bin/node")),
];
