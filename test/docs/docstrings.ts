import { readdirSync } from "node:fs";
import { type Block, read } from "./markdown.ts";

/** The examples of every docstring, of whatever is published. */
export function examples(): Block[] {
  return [...sourcesIn("src"), ...sourcesIn("adapters"), ...sourcesIn("test/conformance")].flatMap(examplesOf);
}

function sourcesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => `${folder}/${file}`);
}

function examplesOf(path: string): Block[] {
  const source = read(path);
  return [...source.matchAll(/^ *\/\*\*[\s\S]*?\*\//gm)].flatMap(({ 0: docstring, index }) => {
    const text = docstring.replace(/^ *\*(?: |$)/gm, "");
    return [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map((fence) => ({
      page: path,
      // Taking the margin away leaves the lines.
      line: source.slice(0, index).split("\n").length + text.slice(0, fence.index).split("\n").length,
      language: fence[1] ?? "",
      runnable: !fence[2],
      code: fence[3] ?? "",
    }));
  });
}
