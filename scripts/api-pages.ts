import { posix } from "node:path";

const NOTICE = "<!-- Written by `npm run docs:api` from the docstrings. Change those, not this. -->";

/** What typedoc's plugin wrote, by file, made to be read on GitHub. */
export function finish(pages: Map<string, string>): Map<string, string> {
  const addresses = new Map([...pages].map(([file, text]) => [file, addressesIn(text)]));

  /** A link to an anchor of the plugin's as a link to the heading that stands there. */
  function addressed(file: string, text: string): string {
    return text.replace(/\]\(([\w./-]*)#([^)]+)\)/g, (link, to: string, anchor: string) => {
      const target = to ? posix.join(posix.dirname(file), to) : file;
      const address = addresses.get(target)?.get(anchor);
      return address ? `](${to}#${address})` : link;
    });
  }

  return new Map(
    [...pages].map(([file, text]) => {
      const readable = addressed(file, text).replace(/<a id="[^"]+"><\/a>\s*/g, "");
      return [file, `${NOTICE}\n\n${withContents(withGuides(file, readable)).trimEnd()}\n`];
    }),
  );
}

/** GitHub's address of each heading that has an anchor in front of it. */
function addressesIn(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const seen = new Map<string, number>();
  const withoutCode = text.replace(/^```[\s\S]*?^```$/gm, "");
  for (const [, anchor, title = ""] of withoutCode.matchAll(/(?:^<a id="([^"]+)"><\/a>\n+)?^#+ (.*)$/gm)) {
    const slug = slugOf(title);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    if (anchor) found.set(anchor, times ? `${slug}-${times}` : slug);
  }
  return found;
}

function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

/** Names of our pages as links to them. */
function withGuides(file: string, text: string): string {
  return text.replace(/`docs\/([\w-]+\.md)`/g, (_, page: string) => {
    return `[docs/${page}](${posix.relative(posix.dirname(`api/${file}`), page)})`;
  });
}

/** A page of many headings begins with a list of them. */
function withContents(text: string): string {
  const seen = new Map<string, number>();
  const lines: string[] = [];
  const withoutCode = text.replace(/^```[\s\S]*?^```$/gm, "");
  for (const [, level = "", title = ""] of withoutCode.matchAll(/^(#+) (.*)$/gm)) {
    const slug = slugOf(title);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    const address = times ? `${slug}-${times}` : slug;
    if (level === "##") lines.push(`- ${title}: `);
    if (level !== "###" || !lines.length) continue;
    const line = lines.pop() as string;
    lines.push(`${line}${line.endsWith(": ") ? "" : ", "}[${title.replace("`abstract` ", "")}](#${address})`);
  }
  return lines.some((line) => line.includes("](")) ? text.replace(/^## /m, () => `${lines.join("\n")}\n\n## `) : text;
}
