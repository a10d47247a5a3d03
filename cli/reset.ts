import { createInterface } from "node:readline";
import { EXIT, type Exit, Stop, usage } from "./exits.ts";
import { shown } from "./say.ts";
import type { Common } from "./session.ts";
import { inSession } from "./session.ts";
import { snapshots, tableOf } from "./status.ts";

/** The first line that is typed or piped in; nothing when there is none. */
async function answerTo(question: string): Promise<string> {
  process.stderr.write(question);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    process.stderr.write("\n");
    return "";
  } finally {
    lines.close();
    process.stdin.unref?.();
  }
}

export async function reset(common: Common, names: string[], options: { all?: boolean; yes?: boolean }): Promise<Exit> {
  const { all = false, yes = false } = options;
  if (all === names.length > 0) throw usage("name the locks that are to be freed, or all of them by --all; not both.");
  if (all && common.prefix === "") throw usage("--all without a prefix would free whatever is in Redis.");
  if (!yes && (common.json || common.quiet)) throw usage("--json and --quiet leave no room for a question: add --yes.");
  return inSession(common, async ({ say, open }) => {
    const locks = await open({}, names);
    const found = (await snapshots(locks, names)).filter(({ held, kept }) => held || kept);
    if (found.length > 0 && !yes) {
      const what = found.length === 1 ? "this lock" : `these ${found.length} locks`;
      const told = "Its holder learns of it at the next renewal; until then two may hold it.";
      const answer = await answerTo(`${tableOf(found)}\n${told}\nFree ${what}? [y/N] `);
      if (!/^\s*y(es)?\s*$/i.test(answer)) throw new Stop(EXIT.refused, "nothing was freed");
    }
    const freed: string[] = [];
    for (const { name } of found) {
      if (!(await locks.forceRelease(name))) continue;
      freed.push(name);
      say.note(`${shown(name)} is freed`);
    }
    if (freed.length === 0) say.note("there was nothing to free");
    say.result("", { prefix: common.prefix, freed });
    return { code: EXIT.done };
  });
}
