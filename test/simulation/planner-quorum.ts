import type { ClientPlan, MessageFault, Mishap, Plan, QuorumPlan, ServerPlan, Task } from "./plan.ts";
import { ALLOWED, MESSAGE_FAULTS, QUORUM_ALLOWED } from "./plan.ts";
import { planRate } from "./planner-clients.ts";
import type { Random } from "./random.ts";
import { randomOf } from "./random.ts";

interface Setting extends Pick<Plan, "seed" | "regime" | "names" | "trip" | "clients"> {
  stores: number;
  longest: number;
  broken: readonly string[];
}

/** The world of a seed with several servers, each with faults of its own. */
export function planQuorum(setting: Setting): Plan {
  const { seed, regime, names, longest } = setting;
  const trip = Math.min(setting.trip, longest / 10);
  const random = randomOf(seed, "quorum");
  const clients = setting.clients.map((client) => planPatience(random, client, trip));
  const servers = planServers(random, setting);
  const options = planOptions(random, { ...setting, trip });
  return {
    seed,
    regime,
    names,
    trip,
    servers,
    quorum: options,
    clients,
    messages: planMessages(randomOf(seed, "messages"), setting),
    mishaps: planMishaps(randomOf(seed, "mishaps"), setting, servers, options),
  };
}

/** An attempt has two rounds. Who is given less time than they take now and then hardly ever gets a lock. */
function planPatience(random: Random, client: ClientPlan, trip: number): ClientPlan {
  const least = 6 * trip;
  const commandTimeout = random.chance(0.8) ? Math.max(client.commandTimeout, least) : client.commandTimeout;
  const changed = (task: Task): Task => {
    if (task.do === "restore") return { ...task, again: task.again || random.chance(0.6) };
    if (!("wait" in task)) return task;
    const ttl = random.chance(0.9) ? Math.max(task.ttl, least) : task.ttl;
    const wait = Math.min(ttl, commandTimeout) < least ? (task.wait ?? 2000) : task.wait;
    return { ...task, ttl, wait, maxHold: Math.max(task.maxHold, ttl) };
  };
  return { ...client, commandTimeout, programs: client.programs.map((tasks) => tasks.map(changed)) };
}

function planServers(random: Random, { stores }: Setting): ServerPlan[] {
  const apart = random.pick([3, 100, 1e7]);
  // Where some have just been started, or do not say when.
  const young = random.chance(0.1);
  const mute = random.chance(0.15);
  const fast = random.chance(0.3);
  return Array.from({ length: stores }, () => ({
    offset: random.between(-apart, apart),
    rate: fast ? 1.0045 : planRate(random),
    ...(young && random.chance(0.5) && { age: Math.round(random.between(0, 4000)) }),
    ...(mute && random.chance(0.5) && { mute: true }),
  }));
}

function planOptions(random: Random, { stores, longest, trip, broken }: Setting): QuorumPlan {
  const least = Math.floor(stores / 2) + 1;
  const maxTtl = random.pick([longest, longest, longest, 0, null]);
  return {
    quorum: random.chance(0.1) ? random.whole(least, stores) : null,
    timeout: random.pick([null, null, Math.ceil(3 * trip), 60]),
    maxTtl: broken.includes("restart-empty") ? random.pick([0, null]) : maxTtl,
  };
}

/** Each server's lines are either good or bad, so that now and then a minority alone is. */
function planMessages(random: Random, { clients, stores, longest }: Setting): MessageFault[] {
  const share = random.pick([0, 0.04, 0.12, 0.3]);
  const kinds = random.some(MESSAGE_FAULTS);
  const bad = Array.from({ length: stores }, () => random.chance(0.6));
  const faults: MessageFault[] = [];
  if (!kinds.length || !share) return faults;
  for (let client = 0; client < clients.length; client++) {
    for (let store = 0; store < stores; store++) {
      for (let message = 0; message < 60; message++) {
        if (!bad[store] || !random.chance(share)) continue;
        const kind = random.pick(kinds);
        const ms = random.pick([random.between(0, 50), random.between(0, longest), random.between(1, 4) * longest]);
        faults.push({ kind, client, store, message, ms: Math.round(ms * 10) / 10, variant: random.next() });
      }
    }
  }
  return faults;
}

const OF_SERVERS = ["restart", "script-flush", "delete", "restart-empty", "failover", "server-jump", "hang", "refuse"];

function planMishaps(
  random: Random,
  { clients, stores, longest, broken }: Setting,
  servers: readonly ServerPlan[],
  { maxTtl }: QuorumPlan,
): Mishap[] {
  const span = longest * 5 + 1000;
  const forgets = random.chance(0.6) && maxTtl === longest ? ["restart-empty", "restart-empty"] : [];
  const allowed: string[] = random.some([...ALLOWED, ...QUORUM_ALLOWED, ...QUORUM_ALLOWED, ...forgets]);
  const breaking = broken.filter((kind) => kind !== "drift");
  const jumpy = clients.map(() => random.chance(0.5));
  const mishaps: Mishap[] = [];
  const add = (kind: string, whom: number, at: number) => {
    const ms = Math.round(random.between(1, longest * random.pick([0.3, 1, 2])));
    const by = Math.round(random.between(-2, 2) * longest);
    if (kind === "wall-jump" && !jumpy[whom]) return;
    if (kind === "suspend" && jumpy[whom]) return;
    if (kind === "restart-empty" && servers[whom]?.mute && !broken.includes(kind)) return;
    const mishap: Mishap = { kind: kind as Mishap["kind"], at, whom, ms, by };
    mishaps.push(kind === "cut-line" ? { ...mishap, store: random.whole(0, stores - 1) } : mishap);
  };
  /** Of one, or of several servers at about the same time. */
  const befall = (kind: string) => {
    const at = Math.round(random.between(0, span));
    if (!OF_SERVERS.includes(kind)) return add(kind, random.whole(0, clients.length - 1), at);
    const count = broken.includes(kind)
      ? random.pick([1, stores, random.whole(1, stores)])
      : random.pick([1, 1, stores]);
    const first = random.whole(0, stores - 1);
    for (let more = 0; more < count; more++)
      add(kind, (first + more) % stores, at + Math.round(random.between(0, longest / 5)));
  };
  if (allowed.length) for (let left = random.whole(0, 6); left > 0; left--) befall(random.pick(allowed));
  for (const kind of breaking) for (let left = random.whole(2, 6); left > 0; left--) befall(kind);
  return mishaps.sort((one, other) => one.at - other.at);
}
