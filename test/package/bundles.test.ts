import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { type Bundle, bundlers } from "./support/bundlers.ts";
import { installedPackage, type Project, provideOpenTelemetry, specifiers } from "./support/project.ts";
import { evaluate, perform } from "./support/sandbox.ts";

vi.setConfig({ maxConcurrency: 2 });

const ADAPTERS = ["command", "ioredis", "memory", "node-redis", "upstash", "upstash-subscribe"];

/** What nobody gets who does not ask for it. */
const EXTRAS = ["conformance", "diagnostics", "otel", "quorum", "testing"];

const NODE_ONLY = {
  require: /\brequire\s*\(|typeof require\b/,
  process: /\bprocess\??[.[]\w|typeof process\b/,
  Buffer: /\bBuffer\b/,
  "a module of Node": /["'`]node:|\bimport\s*\(?["'`]/,
  "a global of Node": /\b(__dirname|__filename|setImmediate|global\.)/,
};

interface Made {
  program: string;
  /** Which adapters it is to have. */
  adapters: string[];
  /** What of Node it looks for when it runs, and does without. */
  asks?: (keyof typeof NODE_ONLY)[];
  /** What OpenTelemetry's own package looks for at import. */
  touches?: string[];
}

/** `process.getBuiltinModule`, by name. */
const DIAGNOSTICS: NonNullable<Made["asks"]> = ["process", "a module of Node"];
const TESTING: NonNullable<Made["asks"]> = ["a global of Node"];

/** What each bundle is made of. */
const PROGRAMS: Record<string, Made> = {
  "createLocks and upstash": {
    adapters: ["upstash"],
    program:
      'import { createLocks } from "holdfast";\nimport { upstash } from "holdfast/upstash";\n' +
      "export const over = (options) => createLocks(upstash(options));",
  },
  "createLocks and memory": {
    adapters: ["memory"],
    program:
      'import { createLocks } from "holdfast";\nimport { memory } from "holdfast/memory";\n' +
      'export const main = () => createLocks(memory()).request("x", ({ fence, held }) => held && fence > 0);',
  },
  "createLocks alone": { adapters: [], program: 'export * from "holdfast";' },
  "a quorum": {
    adapters: ["memory"],
    program:
      'import { createLocks } from "holdfast";\nimport { memory } from "holdfast/memory";\n' +
      'import { quorum } from "holdfast/quorum";\n' +
      "const three = () => quorum([memory(), memory(), memory()]);\n" +
      'export const main = () => createLocks(three()).request("x", ({ fence, held }) => held && fence > 0);',
  },
  "quorum alone": { adapters: [], program: 'export * from "holdfast/quorum";' },
  "a single flight": {
    adapters: ["memory"],
    program:
      'import { createLocks } from "holdfast";\nimport { memory } from "holdfast/memory";\n' +
      'import { quorum } from "holdfast/quorum";\nimport { singleFlight } from "holdfast/single-flight";\n' +
      'const fly = (store) => singleFlight(createLocks(store), "x", { keep: "1m" }, () => ({ made: true }));\n' +
      "const many = () => quorum([memory(), memory(), memory()]);\n" +
      "export const main = async () => (await fly(memory())).made && (await fly(many())).made;",
  },
  "single-flight alone": { adapters: [], program: 'export * from "holdfast/single-flight";' },
  "a decorator": {
    adapters: ["memory"],
    program:
      'import { createLocks } from "holdfast";\nimport { memory } from "holdfast/memory";\n' +
      'import { locked } from "holdfast/decorators";\n' +
      'const decorate = () => locked({ name: "x", locks: createLocks(memory()) });\n' +
      'export const main = () => decorate()(async () => true, { kind: "method" })();',
  },
  "decorators alone": { adapters: [], program: 'export * from "holdfast/decorators";' },
  "locks that are watched and tested": {
    adapters: ["memory"],
    asks: [...DIAGNOSTICS, ...TESTING],
    touches: ["console"],
    program:
      'import { createLocks } from "holdfast";\nimport { diagnostics } from "holdfast/diagnostics";\n' +
      'import { memory } from "holdfast/memory";\nimport { instrument } from "holdfast/otel";\n' +
      'import { faulty, virtualClock } from "holdfast/testing";\n' +
      "const publish = diagnostics();\nconst { onEvent, traced } = instrument();\n" +
      "const told = (event) => [publish, onEvent].forEach((tell) => tell(event));\n" +
      "export const main = () => {\n" +
      "  const clock = virtualClock();\n" +
      "  const network = faulty(memory({ clock }));\n" +
      '  network.next("hang");\n' +
      "  const locks = traced(createLocks(network, { clock, onEvent: told }));\n" +
      '  return clock.runUntilSettled(locks.request("x", ({ fence, held }) => held && fence > 0));\n' +
      "};",
  },
  "otel alone": { adapters: [], touches: ["console"], program: 'export * from "holdfast/otel";' },
  "diagnostics alone": { adapters: [], asks: DIAGNOSTICS, program: 'export * from "holdfast/diagnostics";' },
  "testing alone": { adapters: [], asks: TESTING, program: 'export * from "holdfast/testing";' },
  "conformance alone": { adapters: [], program: 'export * from "holdfast/conformance";' },
  ...Object.fromEntries(
    ADAPTERS.map((name) => [`${name} alone`, { adapters: [name], program: `export * from "holdfast/${name}";` }]),
  ),
};

let project: Project;
/** For each module of the package the longer texts in it that no other module has. */
let marks: Map<string, string[]>;

beforeAll(async () => {
  project = await installedPackage();
  await provideOpenTelemetry(project);
  const dist = join(project.installed, "dist");
  const files = (await readdir(dist)).filter((file) => file.endsWith(".js"));
  const texts = await Promise.all(files.map((file) => readFile(join(dist, file), "utf8")));
  marks = new Map(
    files.map((file, index) => {
      const quoted = [...(texts[index] as string).matchAll(/"([^"\\\n`$]{12,})"/g)].map(([, text = ""]) => text);
      return [file, quoted.filter((mark) => texts.every((text, other) => other === index || !text.includes(mark)))];
    }),
  );
});

/** Whether anything that only this module has is in the code. */
function shows(code: string, module: string): boolean {
  const own = marks.get(module) ?? [];
  expect(own.length, `texts that only ${module} has`).toBeGreaterThan(0);
  return own.some((mark) => code.includes(mark));
}

/** webpack takes ten times as long as the others, which see each subpath alone. */
const BY_WEBPACK = ["createLocks and upstash", "a quorum", "a single flight", "locks that are watched and tested"];

const cases = Object.entries(bundlers).flatMap(([bundler, bundle]) =>
  Object.entries(PROGRAMS)
    .filter(([name]) => bundler !== "webpack" || BY_WEBPACK.includes(name))
    .map(([name, made]) => ({ bundler, bundle, name, ...made })),
);

test.concurrent.for(cases)(
  "$name by $bundler: nothing of Node, no other adapter, nothing happens at import",
  async ({ bundler, bundle, name, program, adapters, asks = [], touches = [] }) => {
    const { code, modules }: Bundle = await bundle(project, `${bundler}-${name.replaceAll(" ", "-")}`, program);

    // Comments are no code, and rollup keeps them.
    const plain = bundler === "rollup" ? code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "") : code;
    const found = Object.entries(NODE_ONLY).filter(([, pattern]) => pattern.test(plain));
    expect(found.map(([what]) => what).filter((what) => !(asks as string[]).includes(what))).toEqual([]);
    const subpaths = [...program.matchAll(/"holdfast\/([\w-]+)"/g)].map(([, subpath = ""]) => subpath);
    expect(EXTRAS.filter((extra) => modules.includes(`dist/${extra}.js`))).toEqual(
      EXTRAS.filter((extra) => subpaths.includes(extra)),
    );

    const present = modules.filter((module) => ADAPTERS.some((adapter) => module === `dist/${adapter}.js`));
    expect(present).toEqual(adapters.map((adapter) => `dist/${adapter}.js`));
    expect(ADAPTERS.filter((adapter) => shows(code, `${adapter}.js`))).toEqual(adapters);
    // An adapter takes nothing from the core but the scripts, and so does what helps to watch or to test; a decorator
    // takes what refuses.
    const light = [...ADAPTERS, "decorators", "diagnostics", "otel", "testing"].some((subpath) =>
      subpaths.includes(subpath),
    );
    expect(code.includes("LockBackendError")).toBe(program.includes("createLocks") || !light);

    const { exports, touched, left } = evaluate(code);
    expect(Object.keys(exports).length).toBeGreaterThan(0);
    expect(touched).toEqual(touches);
    expect(left).toEqual(["bundle"]);
    if ("main" in exports) expect(await perform(code)).toBe(true);
  },
);

test("every subpath is bundled", () => {
  const programs = Object.values(PROGRAMS).map(({ program }) => program);
  for (const specifier of specifiers(project)) {
    expect(programs, specifier).toContain(`export * from "${specifier}";`);
  }
});

test("what happens at import is found out", () => {
  expect(evaluate("var bundle = { late: () => setTimeout(() => {}) }").touched).toEqual([]);
  expect(evaluate("var bundle = { known: typeof fetch }").touched).toEqual(["fetch"]);
  expect(evaluate("var bundle = {}; globalThis.registry = 1").left).toEqual(["bundle", "registry"]);
  expect(() => evaluate("var bundle = { seed: Math.random() }")).toThrow("randomness was touched at import");
  expect(() => evaluate("var bundle = new AbortController()")).toThrow("AbortController is not a constructor");
});
