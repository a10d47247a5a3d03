// The command has commander and ioredis inside, so that the package depends on nothing. Their licences ask to be shipped
// with them: what was bundled decides whose.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Build {
  initialOptions: { metafile?: boolean; outdir?: string };
  onResolve(options: { filter: RegExp }, resolve: () => { path: string; namespace: string }): void;
  onLoad(options: { filter: RegExp; namespace: string }, load: () => { contents: string; loader: "js" }): void;
  onEnd(end: (result: { metafile?: { inputs: Record<string, unknown> } }) => void): void;
}

interface Plugin {
  name: string;
  setup(build: Build): void;
}

/** `DEBUG=ioredis:*` would print whole commands, passwords and keys of locks among them. */
export const silentPlugin: Plugin = {
  name: "silent",
  setup(build) {
    build.onResolve({ filter: /^debug$/ }, () => ({ path: "debug", namespace: "silent" }));
    build.onLoad({ filter: /.*/, namespace: "silent" }, () => ({
      contents: "exports.default = () => Object.assign(() => {}, { enabled: false });",
      loader: "js",
    }));
  },
};

/** Writes THIRD-PARTY.txt beside what was built. */
export const noticePlugin: Plugin = {
  name: "third-party-notice",
  setup(build) {
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      if (!metafile) return;
      const paths = Object.keys(metafile.inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path));
      const folders = new Map(paths.flatMap((match) => (match ? [[match[1] as string, match[0]] as const] : [])));
      const notices = [...folders].sort().map(([name, folder]) => notice(name, folder));
      const opening = "The command `holdfast` contains these packages, each under its own licence.\n";
      const out = build.initialOptions.outdir ?? ".";
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, "THIRD-PARTY.txt"), [opening, ...notices].join("\n"));
    });
  },
};

function notice(name: string, folder: string): string {
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file || !existsSync(join(folder, file))) throw new Error(`${name} is bundled and has no licence to be shipped`);
  const own = readdirSync(folder).filter((entry) => /^notice/i.test(entry));
  const texts = [file, ...own].map((entry) => readFileSync(join(folder, entry), "utf8").trim());
  return `${"=".repeat(80)}\n${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}
