import { writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MUTANTS } from "./mutants.ts";
import { run, runMutant } from "./mutate.ts";
import { planOf } from "./planner.ts";
import { simulate } from "./run.ts";

const seeds = Array.from({ length: 40 }, (_, at) => 7 * at + 1);

describe("one seed is one history", () => {
  test("the same in a second run, whatever ran between, and whether it was written down or not", async () => {
    for (const seed of seeds) {
      const first = await simulate(planOf(seed), true);
      const unwritten = await simulate(planOf(seed));
      const second = await simulate(planOf(seed), true);
      expect(second.digest, `seed ${seed}`).toBe(first.digest);
      expect(unwritten.tally, `seed ${seed}`).toEqual(first.tally);
      expect(first.lines.length).toBeGreaterThan(0);
    }
  });

  test("different seeds have different histories", async () => {
    const digests = await Promise.all(seeds.map(async (seed) => JSON.stringify(planOf(seed))));
    expect(new Set(digests).size).toBe(seeds.length);
  });

  test("the command line tells it in another process, and ends with its digest", async () => {
    const seed = 12;
    const { digest, lines } = await simulate(planOf(seed), true);
    const { code, output } = await run("main.ts", "--seed", `${seed}`);
    expect(code).toBe(0);
    expect(output).toContain(lines.join("\n"));
    expect(output).toContain(digest.slice(0, 16));
  });

  test("a plan survives being written as JSON", async () => {
    const plan = planOf(4);
    const copy = JSON.parse(JSON.stringify(plan));
    expect((await simulate(copy, true)).digest).toBe((await simulate(plan, true)).digest);
  });
});

describe("a seed that fails", () => {
  const mutant = MUTANTS.find(({ name }) => name === "extend shortens");
  if (!mutant) throw new Error("there is no such mutant");

  test("is shrunk to a plan that fails in the same way, and that can be run by itself", {
    timeout: 180_000,
  }, async () => {
    const { seed, invariant } = JSON.parse((await runMutant(mutant, "hunt.ts", "1", "500", "5")).output);
    const { code, output } = await runMutant(mutant, "main.ts", "--seed", `${seed}`);
    expect(code).toBe(1);
    const [, before, after] = /shrunk from (\d+) parts to (\d+)/.exec(output) ?? [];
    expect(Number(after)).toBeLessThan(Number(before));
    expect(Number(after)).toBeLessThanOrEqual(8);
    await using folder = await mkdtempDisposable(join(tmpdir(), "holdfast-plan-"));
    const plan = join(folder.path, "plan.json");
    writeFileSync(plan, output.slice(0, output.indexOf("\n}\n") + 2));
    const again = await runMutant(mutant, "main.ts", "--plan", plan);
    expect(again.code).toBe(1);
    expect(again.output).toContain(`breaks invariant ${invariant}`);
  });

  test("fails the run of many seeds, which names it", { timeout: 180_000 }, async () => {
    const { code, output } = await runMutant(mutant, "main.ts", "--seeds", "60", "--quiet");
    expect(code).toBe(1);
    expect(output).toMatch(/FAIL kept {4}5/);
    expect(output).toMatch(/seed \d+, invariant 5: /);
  });
});

describe("the command line", () => {
  test("runs many seeds in several processes, all of them", async () => {
    const { output } = await run("main.ts", "--seeds", "300");
    expect(output).toMatch(/^300 seeds in /m);
    expect(output).toMatch(/\d+ {2}acquire: granted, replayed/);
  });

  test("keeps the assumptions, or breaks them, when told to", async () => {
    const kept = await run("main.ts", "--seeds", "30", "--regime", "kept", "--quiet");
    expect(kept.output).not.toMatch(/broken/);
    const broken = await run("main.ts", "--seeds", "30", "--regime", "broken", "--quiet");
    expect(broken.output).toMatch(/broken +3/);
    expect(broken.output).not.toMatch(/broken +1 /);
  });

  test.each([
    [["--seed", "many"], "--seed takes a whole number"],
    [["--regime", "mixed"], '"kept" or "broken"'],
    [["--stores", "0", "--seed", "1"], "from 1 to 9"],
    [["--stores", "3,x", "--seeds", "10"], "from 1 to 9"],
    [["--stores", "1,3"], "by itself"],
    [["--seats", "3"], "--seats"],
  ])("refuses %j", async (args, message) => {
    const { code, output } = await run("main.ts", ...args);
    expect(code).not.toBe(0);
    expect(output).toContain(message);
  });
});
