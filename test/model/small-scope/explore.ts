import type { Rules } from "./rules.ts";
import { RULES } from "./rules.ts";
import { Broken } from "./server.ts";
import { steps } from "./steps.ts";
import type { Scope, World } from "./world.ts";
import { believes, start } from "./world.ts";

/** What an exploration found. */
export interface Exploration {
  /** Different states seen. */
  states: number;
  /** Steps taken: the edges between them. */
  taken: number;
  /** The shortest way to a broken property, if there is one. */
  broken?: { property: string; history: string[] };
}

/**
 * Takes every step from every state, breadth first, so that a counterexample is a shortest one. States that differ only
 * in the order of what is on the wire are one.
 */
export function explore(scope: Scope, changes: Partial<Rules> = {}): Exploration {
  const rules = { ...RULES, ...changes };
  const first = start(scope);
  const seen = new Set([key(first)]);
  let frontier: { world: World; path: Path }[] = [{ world: first, path: undefined }];
  let taken = 0;
  for (let depth = 0; depth < scope.steps && frontier.length > 0; depth++) {
    const next: typeof frontier = [];
    for (const { world, path } of frontier) {
      for (const { label, take } of steps(world, scope, rules)) {
        taken++;
        const after = copy(world);
        const property = tryStep(after, take);
        const here = { label, before: path };
        if (property) return { states: seen.size, taken, broken: { property, history: history(here) } };
        const id = key(after);
        if (seen.has(id)) continue;
        seen.add(id);
        next.push({ world: after, path: here });
      }
    }
    frontier = next;
  }
  return { states: seen.size, taken };
}

type Path = { label: () => string; before: Path } | undefined;

function history(path: Path): string[] {
  return path ? [...history(path.before), path.label()] : [];
}

function tryStep(world: World, take: (world: World) => void): string | undefined {
  try {
    take(world);
  } catch (error) {
    if (error instanceof Broken) return error.message;
    throw error;
  }
  const holders = world.clients.filter((client) => believes(world, client));
  return holders.length > 1 ? "two clients believe that they hold" : undefined;
}

function copy(world: World): World {
  return {
    ...world,
    clients: world.clients.map((client) => ({ ...client })),
    requests: [...world.requests],
    replies: [...world.replies],
    writes: [...world.writes],
    grants: [...world.grants],
    released: [...world.released],
    ended: [...world.ended],
  };
}

/** Requests and replies are never changed, and stand in many states. */
const texts = new WeakMap<object, string>();

function text(item: object): string {
  let found = texts.get(item);
  if (found === undefined) {
    found = JSON.stringify(Object.values(item));
    texts.set(item, found);
  }
  return found;
}

function key({
  now,
  lock,
  record,
  clients,
  requests,
  replies,
  writes,
  resource,
  grants,
  released,
  ended,
}: World): string {
  let found = `${now} ${lock?.value} ${lock?.expires} ${record?.value} ${record?.expires} ${resource.fence}`;
  for (const { phase, token, deadline, fence, tries, extends: left, writes } of clients) {
    found += `\n${phase} ${token} ${deadline} ${fence} ${tries} ${left} ${writes}`;
  }
  for (const items of [requests, replies, writes, grants]) found += `\n${items.map(text).sort().join()}`;
  return `${found}\n${[...released].sort().join()}\n${[...ended].sort().join()}`;
}
