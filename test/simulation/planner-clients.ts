import type { ClientPlan, Ending, Task, Use } from "./plan.ts";
import type { Random } from "./random.ts";
import { randomOf } from "./random.ts";

interface Setting {
  seed: number;
  id: number;
  names: readonly string[];
  /** The longest ttl in this world. */
  longest: number;
}

export function planClient(setting: Setting): ClientPlan {
  const { seed, id, longest } = setting;
  const random = randomOf(seed, "client", id);
  const programs = Array.from({ length: random.chance(0.3) ? 2 : 1 }, () => planProgram(random, setting));
  const frozen = random.chance(0.15);
  // Work without I/O matters to clocks that stand still meanwhile; to others it is a pause like any other.
  for (const task of programs.flat()) {
    if ("uses" in task)
      task.uses = task.uses.map((use) =>
        use.do === "sleep" && frozen && random.chance(0.5) ? { ...use, do: "work" } : use,
      );
  }
  return {
    id,
    wire: random.pick(["plain", "hashed", "deletes"]),
    clock: {
      start: random.between(0, 1e6),
      offset: Math.round(random.between(-1e7, 1e7)),
      rate: planRate(random),
      late: random.pick([0, 0, 1, 3, 20, longest / 5, longest / 5]),
      frozen,
    },
    commandTimeout: random.pick([10, 50, 300, 2000]),
    retry: { min: random.pick([0, 5, 50]), max: random.pick([50, 200]) },
    programs,
  };
}

/** Within what is assumed of two clocks together, often at its edge. */
export function planRate(random: Random): number {
  return 1 + random.pick([-0.0045, 0.0045, random.between(-0.0045, 0.0045)]);
}

function planProgram(random: Random, setting: Setting): Task[] {
  const { longest } = setting;
  return Array.from({ length: random.whole(1, 4) }, (): Task => {
    const after = Math.round(random.between(0, longest / 2));
    const dice = random.next();
    if (dice < 0.8) return planTake(random, setting, after);
    if (dice < 0.9)
      return {
        do: "restore",
        after,
        renew: random.chance(0.5),
        again: random.chance(0.25),
        ...planUses(random, longest),
      };
    if (dice < 0.96)
      return { do: random.pick(["force", "force", "query", "list"]), after, name: random.pick(setting.names) };
    return { do: "close", after, grace: random.chance(0.5) ? 0 : random.whole(1, 2 * longest) };
  });
}

function planTake(random: Random, { names, longest }: Setting, after: number): Task {
  const ttl = random.pick([random.whole(20, longest), longest]);
  const minHold = random.chance(0.15) ? random.whole(1, longest) : 0;
  return {
    do: random.pick(["acquire", "acquire", "acquire", "try", "request", "request", "ifAvailable"]),
    after,
    name: random.pick(names),
    ttl,
    wait: random.pick([0, 20, 300, 2000, 5000, 5000, null]),
    minHold,
    maxHold: Math.max(ttl, minHold) + random.whole(0, 3 * longest),
    fence: random.chance(0.75),
    renew: random.chance(0.4),
    maxAttempts: random.chance(0.12) ? random.whole(1, 4) : null,
    abortAfter: random.chance(0.12) ? random.whole(0, longest) : null,
    ...planUses(random, longest),
  };
}

function planUses(random: Random, longest: number): { uses: Use[]; end: Ending } {
  const uses = Array.from({ length: random.whole(0, 5) }, (): Use => {
    const kind = random.pick(["sleep", "sleep", "sleep", "write", "write", "extend", "verify", "look", "handOver"]);
    const ms = Math.round(random.between(0, longest * random.pick([0.1, 0.4, 1.5])));
    if (kind === "sleep" || kind === "write") return { do: kind, ms };
    if (kind === "verify") return { do: kind, aside: random.chance(0.4) };
    if (kind === "extend")
      return { do: kind, ttl: random.chance(0.3) ? null : random.whole(20, longest), aside: random.chance(0.4) };
    return { do: kind === "handOver" && random.chance(0.5) ? kind : "look" };
  });
  return { uses, end: random.pick(["release", "release", "release", "dispose", "leave", "throw"]) };
}
