import type { ClientPlan, Mishap, Plan, Take, Task, WakeFault } from "./plan.ts";
import { WAKE_FAULTS } from "./plan.ts";
import type { Random } from "./random.ts";
import { randomOf } from "./random.ts";

/** How many worlds of a kind there are. */
const KINDS = ["fair", "fair", "mixed", "busy"] as const;

/** The same world, in which callers contend for one name for longer: in line, or in one busy process against another. */
export function planContended(plan: Plan, longest: number): Plan {
  const random = randomOf(plan.seed, "contended");
  const contended = random.pick(KINDS);
  const calm = random.chance(0.4);
  const clients =
    contended === "busy" ? planBusy(random, plan) : plan.clients.map((client) => planWaiting(client, plan, contended));
  const mishaps = calm
    ? plan.mishaps.filter(({ kind }) => !["pause", "cut", "restart", "suspend"].includes(kind))
    : plan.mishaps;
  return {
    ...plan,
    contended,
    clients,
    messages: calm ? [] : plan.messages,
    mishaps: [...mishaps, ...planMishaps(random, clients, longest)].sort((one, other) => one.at - other.at),
    wakes: planWakes(random, clients, longest),
  };
}

const waits = (random: Random) => random.pick([300, 5000, 20_000, null, null]);

/** Who waits for its turn is given the time for it, mostly. */
function planWaiting(client: ClientPlan, { seed, trip }: Plan, contended: "fair" | "mixed"): ClientPlan {
  const random = randomOf(seed, "waiting", client.id);
  const shares = random.chance(0.5) && !client.clock.frozen;
  const turned = (task: Task): Task => {
    const fair = contended === "fair" || random.chance(0.6);
    if (task.do === "force") return { ...task, fair };
    if (!("wait" in task)) return task;
    const how = random.chance(0.7) ? random.pick(["acquire", "request"] as const) : task.do;
    const uses = random.chance(0.5) ? task.uses.slice(0, 2) : task.uses;
    return { ...task, do: how, fair, wait: waits(random), uses };
  };
  const programs = client.programs.map((tasks) => tasks.map(turned));
  // More callers in one process: what one has done another does, too.
  const more = random.whole(0, 2);
  for (let left = more; left > 0; left--) programs.push(random.pick(programs).map(turned));
  return {
    ...client,
    listens: random.chance(0.6),
    shares,
    commandTimeout: random.chance(0.9) ? Math.max(client.commandTimeout, 5 * trip) : client.commandTimeout,
    programs,
  };
}

/** A process in which many want the lock one after another, and another in which one waits for it now and then. */
function planBusy(random: Random, { seed, clients, names: [name = ""], trip }: Plan): ClientPlan[] {
  const hold = random.pick([5, 50, 300, 1500]);
  const takes = (count: number, after: number): Take[] =>
    Array.from({ length: count }, () => ({
      do: random.pick(["acquire", "request"]),
      after: Math.round(random.between(0, after)),
      name,
      ttl: random.pick([10_000, 10_000, 500]),
      wait: random.pick([5000, 20_000, null, null]),
      minHold: 0,
      maxHold: 60_000,
      fence: random.chance(0.75),
      fair: false,
      renew: random.chance(0.6),
      maxAttempts: null,
      abortAfter: random.chance(0.05) ? random.whole(0, 2000) : null,
      uses: [{ do: random.chance(0.8) ? "sleep" : "write", ms: Math.round(random.between(0, 2 * hold)) }],
      end: random.chance(0.97) ? "release" : "leave",
    }));
  const retry = { min: 50, max: 1000 };
  const [busy, other] = clients as [ClientPlan, ClientPlan];
  const timeout = ({ commandTimeout }: ClientPlan) => Math.max(commandTimeout, 5 * trip);
  const forces = planForces(randomOf(seed, "forces"), name);
  return [
    {
      ...busy,
      shares: true,
      retry,
      commandTimeout: timeout(busy),
      clock: { ...busy.clock, frozen: false },
      programs: Array.from({ length: random.whole(3, 8) }, () => takes(random.whole(4, 10), 10)),
    },
    {
      ...other,
      shares: random.chance(0.5) && !other.clock.frozen,
      retry,
      commandTimeout: timeout(other),
      programs: [
        takes(random.whole(1, 4), 1000).map((take) => ({ ...take, wait: null, after: take.after + 100 })),
        ...forces,
      ],
    },
  ];
}

/** Somebody who takes the lock from whoever has it, now and then. */
function planForces(random: Random, name: string): Task[][] {
  if (!random.chance(0.2)) return [];
  return [
    Array.from({ length: random.whole(1, 3) }, () => ({
      do: "force",
      after: Math.round(random.between(0, 2000)),
      name,
    })),
  ];
}

function planMishaps(random: Random, clients: readonly ClientPlan[], longest: number): Mishap[] {
  const mishaps: Mishap[] = [];
  const add = (kind: Mishap["kind"], ms: number) => {
    const at = Math.round(random.between(0, longest * 2 + 1000));
    mishaps.push({ kind, at, whom: random.pick(clients).id, ms: Math.round(ms), by: 0 });
  };
  if (random.chance(0.3)) add("crash", 0);
  for (let left = random.chance(0.4) ? random.whole(1, 3) : 0; left > 0; left--) add("deaf", random.between(10, 5000));
  return mishaps;
}

function planWakes(random: Random, clients: readonly ClientPlan[], longest: number): WakeFault[] {
  const share = random.pick([0, 0.1, 0.3, 0.8]);
  const kinds = random.some(WAKE_FAULTS);
  const faults: WakeFault[] = [];
  if (!kinds.length) return faults;
  for (const { id, listens } of clients) {
    for (let message = 0; listens && message < 30; message++) {
      if (!random.chance(share)) continue;
      const ms = random.pick([random.between(0, 50), random.between(0, longest), random.between(500, 4000)]);
      faults.push({ kind: random.pick(kinds), client: id, message, ms: Math.round(ms) });
    }
  }
  return faults;
}
