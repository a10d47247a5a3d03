// `npm run mutants`: puts one bug after the other into a copy of the source, and runs the test that has to notice it.
//   npm run mutants -- NAME...        only these
//   npm run mutants -- --find NAME... every test that notices, of those that could: for choosing a killer
//   npm run mutants -- --write        writes docs/mutants.md, and runs nothing
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startCluster, startRedis } from "../support/redis-server.ts";
import { MUTANTS } from "./catalogue/index.ts";
import { type Copy, copyTree, ROOT, readSource } from "./copy.ts";
import { type Mutant, stale } from "./mutant.ts";
import { progress, summary, type Verdict } from "./report.ts";
import { PAGE, page } from "./table.ts";
import { type Ran, runTests, stopAll } from "./vitest.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: "boolean" }, find: { type: "boolean" } },
});

async function judge(copy: Copy, mutant: Mutant, env: Record<string, string>): Promise<Verdict> {
  const { file, test } = mutant.killer;
  const { tests, output, seconds } = await copy.mutated(mutant, () => runTests(copy.dir, [file], [test], env));
  const ran = tests.find(({ name }) => name === test);
  if (!ran) return { mutant, seconds, killed: false, why: `its killer did not run: ${output.slice(-300)}` };
  return { mutant, seconds, killed: !ran.passed, why: ran.passed ? "SURVIVED: its killer passed" : ran.why };
}

async function find(copy: Copy, mutant: Mutant, env: Record<string, string>): Promise<Verdict> {
  const { file } = mutant.killer;
  const files = file === "test/unit/x.test.ts" ? ["test/unit"] : [file];
  const { tests, output, seconds } = await copy.mutated(mutant, () => runTests(copy.dir, files, undefined, env));
  const failed = tests.filter(({ passed }) => !passed);
  for (const { file: where, name, why } of failed) console.log(`  ${mutant.name}\t${where}\t${name}\t${why}`);
  const why = failed.length
    ? `noticed by ${failed.length} tests`
    : `nobody noticed ${tests.length ? "" : output.slice(-300)}`;
  return { mutant, seconds, killed: failed.length > 0, why };
}

/** A killer that fails without its mutant, or is not there, proves nothing. */
async function withoutMutants(copy: Copy, chosen: readonly Mutant[], env: Record<string, string>): Promise<string[]> {
  const files = [...new Set(chosen.map(({ killer }) => killer.file))];
  const { tests, output } = await runTests(copy.dir, files, [...new Set(chosen.map(({ killer }) => killer.test))], env);
  const missing = chosen.flatMap(({ name, killer }) => {
    const ran = tests.find((test: Ran) => test.name === killer.test && test.file === killer.file);
    if (ran?.passed) return [];
    return `${name}: its killer ${ran ? `fails without it: ${ran.why}` : "does not exist"}: ${killer.test} (${killer.file})`;
  });
  return tests.length ? missing : [...missing, output.slice(-500)];
}

async function main(): Promise<void> {
  if (values.write) return writeFileSync(join(ROOT, PAGE), page());
  const chosen = MUTANTS.filter(({ name }) => !positionals.length || positionals.includes(name));
  const wrong = chosen.flatMap((mutant) => stale(mutant, readSource));
  if (!chosen.length) wrong.push(`no mutant is called ${positionals}`);
  if (wrong.length) throw new Error(wrong.join("\n"));

  const [redis, cluster] = await Promise.all([startRedis(), startCluster()]);
  const copies = [copyTree(), copyTree()];
  const end = () => {
    stopAll();
    for (const copy of copies) copy.remove();
  };
  process.once("SIGINT", () => {
    end();
    process.exit(130);
  });
  try {
    const nodes = cluster.nodes.map(({ host, port }) => `redis://${host}:${port}`);
    const env = { REDIS_URL: redis.url, REDIS_CLUSTER_URLS: nodes.join(), FORCE_COLOR: "0" };
    if (!values.find) {
      console.log("Without a mutant: all killers ...");
      const useless = await withoutMutants(copies[0] as Copy, chosen, env);
      if (useless.length) throw new Error(useless.join("\n"));
    }
    const waiting = [...chosen];
    const verdicts: Verdict[] = [];
    const began = performance.now();
    await Promise.all(
      copies.map(async (copy) => {
        for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
          verdicts.push(await (values.find ? find : judge)(copy, mutant, env));
          progress(verdicts, chosen.length, began);
        }
      }),
    );
    process.exitCode = summary(verdicts, chosen) ? 0 : 1;
  } finally {
    end();
    await Promise.all([redis.stop(), cluster.stop()]);
  }
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
