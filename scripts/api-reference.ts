// Writes docs/api, the reference of every public entry point, from the docstrings: `npm run docs:api`. With `--check`, as
// `npm test` calls it, it writes elsewhere and compares. A public symbol without a docstring, one that is referred to and
// not exported, and a link that leads nowhere are errors.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Application, Converter, LogLevel } from "typedoc";
import ts from "typescript";
import { order, tidy } from "./api-comments.ts";
import { finish } from "./api-pages.ts";

const root = join(import.meta.dirname, "..");
const committed = join(root, "docs/api");

/** Each public entry point, in the order of package.json, with its source. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const sources = JSON.parse(readFileSync(join(root, "jsr.json"), "utf8")).exports;
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== "./package.json");
  return subpaths.map((subpath) => join(root, sources[subpath] ?? `jsr.json lacks ${subpath}`));
}

/** The pages, by their path within docs/api. */
async function generate(): Promise<Map<string, string>> {
  const sources = entryPoints();
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    entryPoints: sources,
    basePath: root,
    // The compilers check the types.
    skipErrorChecking: true,
    logLevel: LogLevel.Warn,
    validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
    // Parts of what is described as a whole.
    intentionallyNotDocumented: [
      ...["name", "owner", "mode", "expiresAt"].map((member) => `holdfast.Lease.toJSON.__type.${member}`),
      "holdfast.WaitUntil.__type.waitUntil",
    ],
    // Nothing that differs between machines, or changes with every edit.
    disableGit: true,
    disableSources: true,
    readme: "none",
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    sort: ["kind", "source-order"],
    groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases", "Properties", "Methods"],
    jsDocCompatibility: { defaultTag: false },
    preservedTypeAnnotationTags: ["@default", "@throws"],
    ...{
      router: "module",
      entryFileName: "README",
      hidePageHeader: true,
      hideBreadcrumbs: true,
      indexFormat: "table",
      parametersFormat: "table",
      useHTMLAnchors: true,
      pageTitleTemplates: { index: "API reference", module: "{name}", member: "{name}" },
    },
  });
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  app.options.setCompilerOptions(sources, options, undefined);
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => tidy(project));
  // After typedoc has grouped them.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => order(project, sources), -1000);

  const project = await app.convert();
  if (!project) throw new Error("typedoc could not read the sources");
  app.validate(project);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-api-"));
  try {
    await app.outputs.writeOutput({ name: "markdown", path: folder }, project);
    if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("typedoc has complaints, see above");
    return finish(pagesIn(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pagesIn(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  return new Map(files.sort().map((file) => [file.replaceAll("\\", "/"), readFileSync(join(folder, file), "utf8")]));
}

function write(pages: Map<string, string>): void {
  rmSync(committed, { recursive: true, force: true });
  for (const [file, text] of pages) {
    mkdirSync(dirname(join(committed, file)), { recursive: true });
    writeFileSync(join(committed, file), text);
  }
}

function check(pages: Map<string, string>): void {
  const there = pagesIn(committed);
  const differ = [...new Set([...pages.keys(), ...there.keys()])].filter((file) => pages.get(file) !== there.get(file));
  if (differ.length === 0) return;
  console.error(`Not what the docstrings say: ${differ.map((file) => `docs/api/${file}`).join(", ")}.`);
  console.error("Run `npm run docs:api`, and commit what it writes.");
  process.exitCode = 1;
}

try {
  const pages = await generate();
  if (process.argv.includes("--check")) check(pages);
  else write(pages);
} catch (error) {
  console.error(
    `The API reference: ${(error as Error).message}. Complete the docstrings, then run \`npm run docs:api\`.`,
  );
  process.exitCode = 1;
}
