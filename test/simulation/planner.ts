import type { MessageFault, Mishap, Plan } from "./plan.ts";
import { ALLOWED, BREAKING, MESSAGE_FAULTS } from "./plan.ts";
import { planClient, planRate } from "./planner-clients.ts";
import { planContended } from "./planner-contended.ts";
import { planQuorum } from "./planner-quorum.ts";
import type { Random } from "./random.ts";
import { randomOf } from "./random.ts";

export interface Wanted {
  regime?: Plan["regime"] | undefined;
  stores?: number | undefined;
  /** Whether callers contend for longer than they happen to. By default in one of five pairs of seeds. */
  contended?: boolean | undefined;
}

/** The world of a seed. Even seeds keep the assumptions, odd ones break them, unless told otherwise. */
export function planOf(seed: number, wanted: Wanted = {}): Plan {
  const regime = wanted.regime ?? (seed % 2 ? "broken" : "kept");
  const random = randomOf(seed, "world");
  const longest = random.pick([60, 200, 1000, 2000]);
  const names = random.chance(0.75) ? ["a"] : ["a", "b"];
  const trip = random.pick([1, 5, 20]);
  const broken = regime === "broken" ? breaking(random) : [];
  const stores = wanted.stores ?? 1;
  const count = random.whole(2, 4);
  // Who waits in the first world of a seed waits in all of them: parts are drawn from streams of their own.
  const clients = Array.from({ length: count }, (_, id) => planClient({ seed, id, names, longest }));
  const drifting = random.whole(0, count - 1);
  if (broken.includes("drift")) {
    const client = clients[drifting];
    if (client) client.clock.rate = randomOf(seed, "drift").between(0.5, 0.95);
  }
  if (stores > 1) return planQuorum({ seed, regime, names, trip, clients, stores, longest, broken });
  const plan: Plan = {
    seed,
    regime,
    names,
    trip,
    servers: Array.from({ length: stores }, () => ({
      offset: random.between(-1e7, 1e7),
      rate: planRate(random),
    })),
    clients,
    messages: planMessages(randomOf(seed, "messages"), count, stores, longest),
    mishaps: planMishaps(randomOf(seed, "mishaps"), { count, stores, longest, broken }),
  };
  return (wanted.contended ?? Math.floor(seed / 2) % 5 === 2) ? planContended(plan, longest) : plan;
}

/** Mostly one at a time, so that a report can say what made exclusion fail. */
function breaking(random: Random): string[] {
  const one = random.pick(BREAKING);
  return random.chance(0.7) ? [one] : [one, ...random.some(BREAKING)];
}

function planMessages(random: Random, clients: number, stores: number, longest: number): MessageFault[] {
  const share = random.pick([0, 0.04, 0.12, 0.3]);
  const kinds = random.some(MESSAGE_FAULTS);
  const faults: MessageFault[] = [];
  if (!kinds.length || !share) return faults;
  for (let client = 0; client < clients; client++) {
    for (let store = 0; store < stores; store++) {
      for (let message = 0; message < 60; message++) {
        if (!random.chance(share)) continue;
        const kind = random.pick(kinds);
        const ms = random.pick([random.between(0, 50), random.between(0, longest), random.between(1, 4) * longest]);
        faults.push({ kind, client, store, message, ms: Math.round(ms * 10) / 10, variant: random.next() });
      }
    }
  }
  return faults;
}

interface Scale {
  count: number;
  stores: number;
  longest: number;
  broken: readonly string[];
}

function planMishaps(random: Random, { count, stores, longest, broken }: Scale): Mishap[] {
  const span = longest * 5 + 1000;
  const allowed = random.some(ALLOWED);
  const breaking = broken.filter((kind) => kind !== "drift");
  // A pause that only the wall clock sees, on a client whose wall clock jumps, would be seen by neither.
  const jumpy = Array.from({ length: count }, () => random.chance(0.5));
  const mishaps: Mishap[] = [];
  const add = (kind: string) => {
    const befallsServer = ["restart", "script-flush", "delete", "restart-empty", "failover", "server-jump"].includes(
      kind,
    );
    const whom = befallsServer ? random.whole(0, stores - 1) : random.whole(0, count - 1);
    const at = Math.round(random.between(0, span));
    const ms = Math.round(random.between(1, longest * random.pick([0.3, 1, 2])));
    const by = Math.round(random.between(-2, 2) * longest);
    if (kind === "wall-jump" && !jumpy[whom]) return;
    if (kind === "suspend" && jumpy[whom]) return;
    mishaps.push({ kind: kind as Mishap["kind"], at, whom, ms, by });
  };
  if (allowed.length) for (let left = random.whole(0, 5); left > 0; left--) add(random.pick(allowed));
  for (const kind of breaking) for (let left = random.whole(1, 3); left > 0; left--) add(kind);
  return mishaps.sort((one, other) => one.at - other.at);
}
