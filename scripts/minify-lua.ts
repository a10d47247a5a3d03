// A third of every EVAL's payload, and of the scripts' share in a bundle, is indentation and long names of locals.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** What Lua, Redis and their libraries call by name; every other word in a script is a local of ours. */
const KNOWN = new Set(
  (
    "and break do else elseif end false for function if in local nil not or repeat return then true until while " +
    "redis call pcall math max ceil tonumber type ipairs assert unpack KEYS ARGV err"
  ).split(" "),
);
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Shortens Lua without changing what it does. Texts in quotes stay as they are; `names` is shared by a file. */
function minify(source: string, names: Map<string, string>): string {
  const rename = (word: string) => {
    if (KNOWN.has(word)) return word;
    const letter = names.get(word) ?? LETTERS[names.size];
    if (!letter) throw new Error("the scripts have more locals than there are letters");
    names.set(word, letter);
    return letter;
  };
  return source
    .split(/('[^'\n]*'|\$\{\w+\})/)
    .map((part, index) => {
      if (index % 2) return part;
      const short = part.replace(/(?<![\w:]|(?<!\.)\.)[A-Za-z_]\w*/g, rename);
      const dense = short.replace(/\s*\n\s*/g, "\n").replace(/ ?([=~<>.+\-*/,(){}#]+) ?/g, "$1");
      return dense.replace(/^ | $/g, "");
    })
    .join("");
}

/**
 * The text of a module whose template literals are Lua, with these made short. Modules whose scripts are put together
 * need the same names.
 */
export function minifyScripts(module: string, names: Map<string, string> = new Map()): string {
  return module.replace(/(?<=\n[^*/\n]*= )`[^`]*`/g, (literal) => minify(literal, names));
}

interface Build {
  onLoad(
    options: { filter: RegExp },
    load: (args: { path: string }) => Promise<{ contents: string; loader: "ts" }>,
  ): void;
}

const BASE = fileURLToPath(new URL("../src/scripts.ts", import.meta.url));

/** Every entry that has scripts has the same ones: the memory adapter finds them by their text. */
export const luaPlugin: { name: string; setup(build: Build): void } = {
  name: "minify-lua",
  setup(build: Build): void {
    build.onLoad({ filter: /[\\/]src[\\/](quorum-|flight-|queue-|hand-over-)?scripts\.ts$/ }, async ({ path }) => {
      const names = new Map<string, string>();
      const base = minifyScripts(await readFile(BASE, "utf8"), names);
      return { contents: path === BASE ? base : minifyScripts(await readFile(path, "utf8"), names), loader: "ts" };
    });
  },
};
