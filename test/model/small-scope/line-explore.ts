import type { Exploration } from "./explore.ts";
import { LINE_SCRIPTS } from "./line-server.ts";
import { believes, type LineRules, lineSteps } from "./line-steps.ts";
import { type LineScope, type LineWorld, startLine } from "./line-world.ts";
import { Broken } from "./server.ts";

const RULES: LineRules = { scripts: LINE_SCRIPTS, olderAnswers: true, fromAnswer: true };

/** As `explore`, for callers that contend: in line, or in one process. */
export function exploreLine(scope: LineScope, changes: Partial<LineRules> = {}): Exploration {
  const rules = { ...RULES, ...changes };
  const begun = startLine(scope);
  for (const label of scope.after ?? []) {
    const step = lineSteps(begun, scope, rules).find((each) => each.label === label);
    if (!step) throw new Error(`nothing is called "${label}" here`);
    step.take(begun);
  }
  const first = keyOf(begun);
  const seen = new Set([first]);
  let frontier: { state: string; path: string[] }[] = [{ state: first, path: [] }];
  let taken = 0;
  for (let depth = 0; depth < scope.steps && frontier.length > 0; depth++) {
    const next: typeof frontier = [];
    for (const { state, path } of frontier) {
      for (const { label, take } of lineSteps(JSON.parse(state), scope, rules)) {
        taken++;
        const after: LineWorld = JSON.parse(state);
        const property = tryStep(after, take);
        const history = [...path, label];
        if (property) return { states: seen.size, taken, broken: { property, history } };
        const id = keyOf(after);
        if (seen.has(id)) continue;
        seen.add(id);
        next.push({ state: id, path: history });
      }
    }
    frontier = next;
  }
  return { states: seen.size, taken };
}

function tryStep(world: LineWorld, take: (world: LineWorld) => void): string | undefined {
  try {
    take(world);
  } catch (error) {
    if (error instanceof Broken) return error.message;
    throw error;
  }
  return world.callers.filter((caller) => believes(world, caller)).length > 1
    ? "two callers believe that they hold"
    : undefined;
}

/** What is on its way arrives in any order. */
function keyOf(world: LineWorld): string {
  const sorted = <T>(items: T[]) =>
    items
      .map((item) => [JSON.stringify(item), item] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, item]) => item);
  return JSON.stringify({
    ...world,
    requests: sorted(world.requests),
    replies: sorted(world.replies),
    messages: sorted(world.messages),
  });
}
