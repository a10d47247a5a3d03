import { readFileSync } from "node:fs";
import { type RespClient, text } from "../../support/resp.ts";

/** What a client sends to set itself up, and what these tests send to look. */
const NOT_WORK = /^(info|hello|auth|select|ping|quit|command|client\|.*|config\|.*)$/;

/** How many commands Redis executes for what `fn` does, those inside scripts included: nobody else may use it. */
export async function billed<T>(redis: RespClient, fn: () => Promise<T>): Promise<{ result: T; commands: number }> {
  const before = await executed(redis);
  const result = await fn();
  return { result, commands: (await executed(redis)) - before };
}

async function executed(redis: RespClient): Promise<number> {
  const stats = text(await redis.send("INFO", "commandstats"));
  let calls = 0;
  for (const [, name = "", count] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (!NOT_WORK.test(name)) calls += Number(count);
  }
  return calls;
}

/** The last number in the row of that label, in the table of costs of an example's README. */
export function stated(example: string, label: string): number {
  const readme = readFileSync(new URL(`../../../examples/${example}/README.md`, import.meta.url), "utf8");
  const row = readme.split("\n").find((line) => line.startsWith(`| ${label} |`));
  const number = /(\d+) \|$/.exec(row ?? "")?.[1];
  if (number === undefined) throw new Error(`examples/${example}/README.md has no row "${label}" with a number`);
  return Number(number);
}
