import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import type { LockEvent } from "../../src/index.ts";
import { blocksOf, read } from "../docs/markdown.ts";
import { everyEvent } from "./every-event.ts";

type Listener = (event: LockEvent) => void;

const samples = blocksOf({ path: "docs/observability.md", text: read("docs/observability.md") });

/** What stands on the page, as it stands there. `sees`: what is global to it. */
function fromPage<T>(pattern: RegExp, sees: Record<string, unknown> = {}): T {
  const [found, ...more] = samples.flatMap(({ code }) => pattern.exec(code)?.[1] ?? []);
  expect([typeof found, more]).toEqual(["string", []]);
  const plain = transformSync(`made = ${found}`, { loader: "ts" }).code;
  return new Function(...Object.keys(sees), `let made; ${plain}; return made;`)(...Object.values(sees));
}

const LEVELS = {
  waiting: "debug",
  acquired: "debug",
  renewed: "debug",
  released: "debug",
  lost: "error",
  failed: "warn",
};

test("the logger's recipe: levels by type, every field, the error where loggers look for it", async () => {
  const logTo = fromPage<(logger: object) => Listener>(/^(function logTo[\s\S]*?^})/m);
  const lines: unknown[] = [];
  const at = (level: string) => (fields: object, text: string) => void lines.push([level, text, fields]);
  const logger = { debug: at("debug"), warn: at("warn"), error: at("error") };
  const events = await everyEvent(logTo(logger));
  const expected = events.map(({ type, error: err, ...fields }) => [LEVELS[type], `lock ${type}`, { ...fields, err }]);
  expect(lines).toEqual(expected);
});

test("the console's recipe: only what should not happen, with the reason and the error", async () => {
  const said: string[] = [];
  const console = { error: (line: string) => void said.push(line) };
  const { onEvent } = fromPage<{ onEvent: Listener }>(/createLocks\(memory\(\), (\{\n {2}onEvent[\s\S]*?\n\})\);/, {
    console,
  });
  const events = await everyEvent(onEvent);
  const wrong = events.filter(({ type }) => type === "lost" || type === "failed");
  expect(wrong.length).toBeGreaterThan(1);
  expect(said).toEqual(
    wrong.map(
      ({ type, reason, during, error }) => `lock ${type} (${reason ?? during}): x, owner none: ${error?.message}`,
    ),
  );
});
