import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as sql from "../../examples/fencing/fenced-row.ts";

const source = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the page shows what was tried", () => {
  const page = source("docs/fencing.md");
  const { UPDATE, UPSERT, GUARD } = sql;
  for (const statement of [UPDATE, UPSERT, GUARD]) expect(page).toContain(`\`\`\`sql\n${statement.trim()}\n\`\`\``);
  const [, lua = ""] = /```lua\n([\s\S]*?)\n```/.exec(page) ?? [];
  expect(source("examples/fencing/fenced-key.ts")).toContain(`\n${lua}\``);
});
