// `npm run simulate`: many seeds on every core, or one seed's history.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { storesOf } from "./batch.ts";
import type { Plan } from "./plan.ts";
import { planOf } from "./planner.ts";
import { runInPool } from "./pool.ts";
import { showProgress } from "./progress.ts";
import { checksOf, reportLines } from "./report.ts";
import { simulate } from "./run.ts";
import { shrink, sizeOf } from "./shrink.ts";

const HELP = `npm run simulate -- [options]

  --seeds N        run N seeds on every core, 10000 by default
  --from N         the first of them, 1 by default
  --seed N         run one seed and print its history
  --plan FILE      run the plan in this file, as a failure printed it
  --regime NAME    "kept" or "broken"; by default even seeds keep the assumptions, odd ones break them
  --stores N       servers, 1 by default, up to 9: clients are over a quorum of them; "3,5" takes turns
  --report FILE    write the counts as JSON to this file
  --contended      only worlds in which callers contend: fair, or in one busy process
  --quiet          only the checks, not how often everything occurred`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    plan: { type: "string" },
    regime: { type: "string" },
    stores: { type: "string", default: "1" },
    report: { type: "string" },
    contended: { type: "boolean" },
    quiet: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function whole(name: "seeds" | "from" | "seed"): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} takes a whole number, not ${values[name]}.`);
  return value;
}

function stores(): number[] {
  const counts = values.stores.split(",").map(Number);
  if (!counts.every((count) => Number.isInteger(count) && count >= 1 && count <= 9))
    throw new Error(`--stores takes a number from 1 to 9, not ${values.stores}.`);
  if (new Set(counts.map((count) => count > 1)).size > 1) throw new Error("--stores: 1 is looked at by itself.");
  return counts;
}

const mostServers = () => Math.max(...stores());

function regime(): Plan["regime"] | undefined {
  const { regime: name } = values;
  if (name === undefined || name === "kept" || name === "broken") return name;
  throw new Error('--regime is "kept" or "broken".');
}

/** The history of one plan; of a smaller one if it fails. */
async function one(plan: Plan): Promise<boolean> {
  const whole = await simulate(plan, true);
  const [first] = whole.violations;
  if (!first) {
    console.log(whole.lines.join("\n"));
    console.log(`\n${name(plan)} holds every invariant. Digest of its history: ${whole.digest.slice(0, 16)}`);
    return true;
  }
  const small = await shrink(plan, first.invariant);
  const history = await simulate(small, true);
  console.log(JSON.stringify(small, null, 1));
  console.log(history.lines.join("\n"));
  console.log(`\n${name(plan)} breaks invariant ${first.invariant}: ${first.text}`);
  console.log(`Above is the same failure, shrunk from ${sizeOf(plan)} parts to ${sizeOf(small)}: its plan, which`);
  console.log("`--plan FILE` runs, and its history. The whole history:\n");
  console.log(whole.lines.join("\n"));
  return false;
}

const name = ({ seed, regime }: Plan) => `Seed ${seed} (assumptions ${regime})`;

async function many(): Promise<boolean> {
  const from = whole("from");
  const seeds = whole("seeds");
  const began = performance.now();
  const progress = showProgress(seeds);
  const range = { from, to: from + seeds, regime: regime(), stores: stores(), contended: values.contended };
  const sum = await runInPool(range, (total) => progress.update(total.seeds, total.failed.length));
  progress.end();
  const checks = checksOf(sum, mostServers(), regime());
  const lines = reportLines(sum, mostServers(), (performance.now() - began) / 1000, checks);
  console.log(lines.slice(values.quiet ? lines.length - checks.length - 1 : 0).join("\n"));
  const shown = new Map<number, number>();
  for (const { seed, invariant, text } of sum.failed) {
    const times = (shown.get(invariant) ?? 0) + 1;
    shown.set(invariant, times);
    // A few of each: a frequent failure must not hide a rare one.
    if (times <= 4) console.log(`seed ${seed}, invariant ${invariant}: ${text.split("\n")[0]}`);
  }
  if (sum.failed.length)
    console.log(
      `Replay and shrink one of them: npm run simulate -- ${mostServers() > 1 ? `--stores ${stores()} ` : ""}--seed N`,
    );
  const failed = checks.filter(({ ok }) => !ok).length;
  if (values.report) {
    const notes = sum.failed.map(({ seed, invariant }) => `seed ${seed} breaks invariant ${invariant}`).slice(0, 20);
    writeFileSync(values.report, JSON.stringify({ passed: checks.length - failed, failed, notes }));
  }
  return failed === 0;
}

try {
  if (values.help) console.log(HELP);
  else {
    const counts = stores();
    const ok =
      values.plan !== undefined
        ? await one(JSON.parse(readFileSync(values.plan, "utf8")) as Plan)
        : values.seed !== undefined
          ? await one(
              planOf(whole("seed"), {
                regime: regime(),
                contended: values.contended,
                stores: storesOf(whole("seed"), counts),
              }),
            )
          : await many();
    process.exitCode = ok ? 0 : 1;
  }
} catch (thrown) {
  console.error((thrown as Error).message);
  process.exitCode = 2;
}
