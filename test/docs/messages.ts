import { readdirSync } from "node:fs";
import ts from "typescript";
import { read, root } from "./markdown.ts";

/** A text that the library may say, in the parts that are always the same. */
export interface Message {
  file: string;
  /** What stands between what is filled in. */
  parts: string[];
}

/** What these are called with is said to somebody. The twins of Redis' scripts say it in Redis' place. */
const SPEAKERS = /^(refuse|check|inRange|milliseconds|demand|backendError|classify|super)$/;
const EXCEPT = /(virtual-clock|faulty|date-clock|memory[\w-]*)\.ts$/;
/** An argument is words if it has some: names of options and codes are not. */
const WORDS = /[a-z]+ [a-z(@]/i;

/** Every message in src and adapters, but for those of the testing kit. */
export function messages(): Message[] {
  return ["src", "adapters", "adapters/support"].flatMap((folder) =>
    readdirSync(`${root}/${folder}`)
      .filter((file) => file.endsWith(".ts") && !EXCEPT.test(file))
      .flatMap((file) => messagesIn(`${folder}/${file}`)),
  );
}

function messagesIn(file: string): Message[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const visit = (node: ts.Node): void => {
    const says =
      (ts.isNewExpression(node) && /Error$/.test(node.expression.getText())) ||
      (ts.isCallExpression(node) && SPEAKERS.test(node.expression.getText())) ||
      (ts.isPropertyAssignment(node) && /^(hint|text)$/.test(node.name.getText())) ||
      (ts.isVariableDeclaration(node) &&
        /^(message|text|whose|unknown|expected|PERMISSIONS|EXPLAINED)$/.test(node.name.getText()));
    if (says) collect(node);
    ts.forEachChild(node, visit);
  };
  const collect = (node: ts.Node): void => {
    const parts = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? [node.text] : partsOf(node);
    if (parts.some((part) => WORDS.test(part))) found.push({ file, parts: parts.filter((part) => WORDS.test(part)) });
    ts.forEachChild(node, collect);
  };
  visit(source);
  return found;
}

const partsOf = (node: ts.Node): string[] =>
  ts.isTemplateExpression(node) ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)] : [];

/** What a script itself may refuse. */
export const saidByScripts = (): string[] =>
  [...read("src/scripts.ts").matchAll(/assert\(.*, '(.*?)'\)/g)].map(([, text = ""]) => text);

/** The refusals of `src/failure.ts`: what Redis' answers begin with, and what is advised. */
export function refusals(): { answers: string[]; hint: string }[] {
  const [, table = ""] = /const REFUSALS[^\n]*\n([\s\S]*?)\n\];/.exec(read("src/failure.ts")) ?? [];
  const permissions = /const PERMISSIONS =\s*"([^"]*)"/.exec(read("src/failure.ts"))?.[1] ?? "";
  return [...table.matchAll(/\[\/(.*?)\/i?, (?:"([^"]*)"|PERMISSIONS)/g)].map(([, pattern = "", hint]) => ({
    answers: (/^\^?\(([A-Z][\w |[\]]*\|[\w |[\]]*)\)/.exec(pattern)?.[1]?.split("|") ?? [pattern]).map(readable),
    hint: hint ?? permissions,
  }));
}

const readable = (pattern: string) =>
  pattern
    .replace(/^\^/, "")
    .replace("(ERR )?", "")
    .replace(/\.\*.*$/, "")
    .replace("40[13]", "401")
    .trim();
