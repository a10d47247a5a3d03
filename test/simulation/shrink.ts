import type { Plan } from "./plan.ts";
import { simulate } from "./run.ts";

function put<T>(list: readonly T[], at: number, item: T): T[] {
  return list.map((old, place) => (place === at ? item : old));
}

/** Ways to make a plan smaller by one step: each yields a smaller copy. */
function* smaller(plan: Plan): Generator<Plan> {
  yield* without(plan.clients, (clients) => ({ ...plan, clients }));
  for (const [at, client] of plan.clients.entries()) {
    const change = (changed: Partial<typeof client>): Plan => ({
      ...plan,
      clients: put(plan.clients, at, { ...client, ...changed }),
    });
    yield* without(client.programs, (programs) => change({ programs }));
    for (const [row, tasks] of client.programs.entries()) {
      const program = (changed: typeof tasks) => change({ programs: put(client.programs, row, changed) });
      yield* without(tasks, program);
      for (const [place, task] of tasks.entries()) {
        if (!("uses" in task)) continue;
        yield* without(task.uses, (uses) => program(put(tasks, place, { ...task, uses })));
        if (!("ttl" in task)) continue;
        const plain = { renew: false, minHold: 0, maxAttempts: null, abortAfter: null };
        for (const [option, value] of Object.entries(plain)) {
          if (task[option as keyof typeof plain] !== value)
            yield program(put(tasks, place, { ...task, [option]: value }));
        }
      }
    }
    const calm = { rate: 1, offset: 0, late: 0, frozen: false };
    for (const [trait, value] of Object.entries(calm)) {
      if (client.clock[trait as keyof typeof calm] !== value)
        yield change({ clock: { ...client.clock, [trait]: value } });
    }
    if (client.wire !== "plain") yield change({ wire: "plain" });
  }
  yield* without(plan.messages, (messages) => ({ ...plan, messages }));
  yield* without(plan.mishaps, (mishaps) => ({ ...plan, mishaps }));
  if (plan.trip > 1) yield { ...plan, trip: 1 };
  for (const [at, server] of plan.servers.entries()) {
    if (server.rate !== 1) yield { ...plan, servers: put(plan.servers, at, { ...server, rate: 1 }) };
  }
}

/** The list without a half, a quarter, … and at last without single items. */
function* without<T>(list: readonly T[], make: (list: T[]) => Plan): Generator<Plan> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < list.length; from += size) {
      yield make([...list.slice(0, from), ...list.slice(from + size)]);
    }
  }
}

/**
 * Takes parts out of a plan for as long as it still fails in the same way. Greedy: what was taken out stays out.
 *
 * @param runs How many worlds may be run for it.
 */
export async function shrink(plan: Plan, invariant: number, runs = 3000): Promise<Plan> {
  let best = plan;
  let left = runs;
  for (let progress = true; progress && left > 0; ) {
    progress = false;
    for (const candidate of smaller(best)) {
      if (left-- <= 0) break;
      const { violations } = await simulate(candidate);
      if (!violations.some((violation) => violation.invariant === invariant)) continue;
      best = candidate;
      progress = true;
      break;
    }
  }
  return best;
}

/** How many parts a plan has, to say by how much it was shrunk. */
export function sizeOf({ clients, messages, mishaps }: Plan): number {
  const tasks = clients.flatMap(({ programs }) => programs.flat());
  const uses = tasks.flatMap((task) => ("uses" in task ? task.uses : []));
  return clients.length + tasks.length + uses.length + messages.length + mishaps.length;
}
