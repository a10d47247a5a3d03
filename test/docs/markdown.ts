import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root: string = join(import.meta.dirname, "../..");

/** One of our pages. */
export interface Page {
  /** Relative to the root. */
  path: string;
  text: string;
}

/** A fenced code block. */
export interface Block {
  page: string;
  /** Line of the page on which its code begins, counted from 1. */
  line: number;
  language: string;
  runnable: boolean;
  code: string;
}

export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** What stands at the root and in docs, without what is generated: that is in {@link reference}. */
export function pages(): Page[] {
  const inRoot = readdirSync(root).filter((file) => file.endsWith(".md"));
  const inDocs = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  return [...inRoot, ...inDocs.map((file) => `docs/${file}`)].map((path) => ({ path, text: read(path) }));
}

/** The generated pages. */
export function reference(): Page[] {
  const files = readdirSync(join(root, "docs/api"), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs/api", file))
    .map((path) => ({ path, text: read(path) }));
}

export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(/^```(\w*)([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = "", 2: info = "", 3: code = "", index }) => ({
      page: path,
      line: text.slice(0, index).split("\n").length + 1,
      language,
      runnable: info.trim() === "run",
      code,
    }),
  );
}

/** The rows of the first table under a heading, the head excluded; each a list of its cells. */
export function tableUnder(text: string, heading: string): string[][] {
  const [, section] = text.split(new RegExp(`^#+ ${heading}$`, "m"));
  if (section === undefined) throw new Error(`no heading "${heading}"`);
  const table = /(?:^\|.*\|\n)+/m.exec(section.split(/^#/m)[0] ?? "");
  if (!table) throw new Error(`no table under "${heading}"`);
  const [, , ...rows] = table[0].trim().split("\n");
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

/** Each heading by its address on GitHub, where the second of one name is `name-1`. */
export function headingsOf(text: string): Map<string, string> {
  const headings = new Map<string, string>();
  for (const [, title = ""] of text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm)) {
    const address = title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-");
    let free = address;
    for (let times = 1; headings.has(free); times++) free = `${address}-${times}`;
    headings.set(free, title);
  }
  return headings;
}
