import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../../", import.meta.url));
export const example: string = `${root}examples/cloudflare-worker/`;

export interface WranglerConfig {
  main: string;
  compatibilityDate: string;
  assets: string;
  databases: string[];
  alias: Record<string, string>;
}

/** What `wrangler dev` will use: the tests run the Worker by the same file. */
export function wranglerConfig(): WranglerConfig {
  const sections = new Map<string, Record<string, string>>([["", {}]]);
  let section = sections.get("") as Record<string, string>;
  for (const line of readFileSync(`${root}wrangler.toml`, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, title] = /^\[+([\w.]+)\]+$/.exec(line) ?? [];
    const [, name, value = ""] = /^"?([\w/.-]+)"? = "?([^"]*)"?$/.exec(line) ?? [];
    if (title) {
      section = sections.get(title) ?? {};
      sections.set(title, section);
    } else if (name) {
      section[name] = value;
    } else {
      throw new Error(`wrangler.toml has a line that this reader does not know: ${line}`);
    }
  }
  const of = (title: string) => sections.get(title) ?? {};
  return {
    main: of("").main ?? "",
    compatibilityDate: of("").compatibility_date ?? "",
    assets: of("assets").directory ?? "",
    databases: [of("d1_databases").binding ?? ""],
    alias: of("alias"),
  };
}
