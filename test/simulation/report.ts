import type { Failed, Sum } from "./batch.ts";
import { BRANCHES, FAULTS, SEEN } from "./coverage.ts";
import { CONTENDED_BRANCHES, CONTENDED_FAULTS } from "./coverage-contended.ts";
import { NEEDS_A_MINORITY, QUORUM_BRANCHES, QUORUM_FAULTS, QUORUM_SEEN } from "./coverage-quorum.ts";
import { INVARIANTS } from "./invariants.ts";
import type { Plan } from "./plan.ts";
import { planOf } from "./planner.ts";

/** One thing that the seeds together had to show. */
export interface Check {
  text: string;
  ok: boolean;
}

interface Expected {
  faults: readonly string[];
  branches: readonly string[];
  seen: readonly string[];
}

/** What has to occur, in worlds with so many servers at most. */
export function expectedWith(servers: number): Expected {
  if (servers === 1)
    return { faults: [...FAULTS, ...CONTENDED_FAULTS], branches: [...BRANCHES, ...CONTENDED_BRANCHES], seen: SEEN };
  const spare = (name: string) => servers > 2 || !NEEDS_A_MINORITY.test(name);
  return { faults: QUORUM_FAULTS, branches: QUORUM_BRANCHES.filter(spare), seen: QUORUM_SEEN };
}

/** The invariants in each regime, and that everything that can happen did. */
export function checksOf({ failed, tally }: Sum, servers: number, regime?: Plan["regime"]): Check[] {
  const { faults, branches, seen } = expectedWith(servers);
  const regimes = regime ? [regime] : (["kept", "broken"] as const);
  const checks: Check[] = [];
  for (const each of regimes) {
    for (const { number, text, always } of INVARIANTS) {
      if (each === "broken" && !always) continue;
      const seeds = failed.filter((one) => one.invariant === number && regimeOf(one, regime) === each);
      const count = seeds.length ? `: fails in ${seeds.length} seeds` : "";
      checks.push({ text: `${each.padEnd(6)} ${`${number}`.padStart(2)}  ${text}${count}`, ok: !seeds.length });
    }
  }
  if (regime) return checks;
  const missing = (names: readonly string[]) => names.filter((name) => !tally[name]);
  for (const [text, names] of [
    [`each of ${faults.length} kinds of faults occurred`, faults],
    [`each of ${branches.length} branches of the protocol was taken`, branches],
    [`each of ${seen.length} failures that are not prevented was seen`, seen],
  ] as const) {
    const never = missing(names);
    checks.push({ text: `${text}${never.length ? `, but never: ${never.join("; ")}` : ""}`, ok: !never.length });
  }
  return checks;
}

function regimeOf({ seed }: Failed, regime: Plan["regime"] | undefined): Plan["regime"] {
  return regime ?? planOf(seed).regime;
}

export function reportLines(sum: Sum, servers: number, seconds: number, checks: readonly Check[]): string[] {
  const { faults, branches, seen } = expectedWith(servers);
  const lines: string[] = [];
  const table = (title: string, names: readonly string[]) => {
    lines.push("", title);
    for (const name of names) lines.push(`  ${`${sum.tally[name] ?? 0}`.padStart(9)}  ${name}`);
  };
  table("Faults", faults);
  table("Branches of the protocol and of the client", branches);
  table("What is not prevented, and was seen", seen);
  lines.push("", `${sum.seeds} seeds in ${seconds.toFixed(1)} s, ${Math.round(sum.seeds / seconds)} a second`);
  for (const { text, ok } of checks) lines.push(`${ok ? "ok  " : "FAIL"} ${text}`);
  return lines;
}
