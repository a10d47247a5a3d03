import { readArguments, USAGE } from "./arguments.ts";
import { now } from "./journal.ts";
import { play, type Verdict } from "./play.ts";
import { drawTable, drawVerdict, progress } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import { soak } from "./soak.ts";

/** @returns whether all was as it should be. */
async function rounds(scenarios: readonly Scenario[], minutes: number, firstSeed: number): Promise<boolean> {
  const began = now();
  const until = began + minutes * 60_000;
  const played = new Map<Scenario, Verdict[]>();
  let seed = firstSeed;
  let doing = "";
  const line = progress(() => {
    const elapsed = Math.round((now() - began) / 1000);
    const left = Math.max(0, Math.round((until - now()) / 1000));
    return `${elapsed} s, ${left} s left: ${doing}`;
  });
  for (let round = 1; round === 1 || now() < until; round++) {
    for (const [index, scenario] of scenarios.entries()) {
      if (round > 1 && now() >= until) break;
      doing = `round ${round}, ${index + 1} of ${scenarios.length}, ${scenario.name}`;
      const verdict = await play(scenario, seed++);
      line.print(drawVerdict(scenario, verdict));
      played.set(scenario, [...(played.get(scenario) ?? []), verdict]);
    }
  }
  line.stop();
  const verdicts = [...played.values()].flat();
  const failed = verdicts.filter(({ faults }) => faults.length).length;
  console.log(`\n${drawTable(played)}\n`);
  console.log(`${verdicts.length - failed} scenarios passed, ${failed} failed, seeds ${firstSeed} to ${seed - 1}`);
  return failed === 0;
}

// So that `exit` handlers run, which end the processes.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));

/** @returns the exit code. */
async function run(args: string[]): Promise<number> {
  const choice = readArguments(args);
  const scenarios = SCENARIOS.filter(({ name }) => name.includes(choice.only));
  if (choice.help) console.log(USAGE);
  else if (choice.list) console.log(SCENARIOS.map(({ name }) => name).join("\n"));
  else if (choice.soak) return (await soak(choice.soak, choice.waiters, choice.seed)) ? 0 : 1;
  else if (scenarios.length === 0) throw new Error(`no scenario has "${choice.only}" in its name; --list shows them`);
  else return (await rounds(scenarios, choice.minutes, choice.seed)) ? 0 : 1;
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
