import type { RedisServer } from "../../test/support/redis-server.ts";
import { interleave } from "../support/interleave.ts";
import { countRequests, type Requests } from "../support/requests.ts";
import type { Section, Stage, Suite } from "../support/suite.ts";
import { contestant, type Open } from "./contestants.ts";
import { LOCKERS, TTL } from "./locks.ts";
import { RAW } from "./raw.ts";
import { SCENARIOS, type Scenario } from "./scenario.ts";
import { sectionOf } from "./section.ts";
import { connectTo, type Stores, startServers } from "./stores.ts";

const ALL = [...RAW, ...LOCKERS];
/** Enough to tell what is sent once from what is sent each time. */
const COUNTED = 20;

async function count(contestants: readonly Open[], { ports }: Stores): Promise<Map<string, Requests>> {
  const counts = new Map<string, Requests>();
  for (const { name, turn } of contestants) {
    // What is sent once, the first time, is not counted.
    await turn();
    const { sent, executed } = await countRequests(ports, async () => {
      for (let turns = 0; turns < COUNTED; turns++) await turn();
    });
    const share = COUNTED * ports.length;
    counts.set(name, { sent: sent / share, executed: executed / share });
  }
  return counts;
}

async function measure(stage: Stage, servers: readonly RedisServer[], scenario: Scenario): Promise<Section> {
  const { title } = scenario;
  const rounds = Math.ceil(scenario.rounds * stage.scale);
  stage.progress(`${title}: connecting`);
  const stores = await connectTo(servers, scenario);
  const contestants: Open[] = [];
  const open = async (hanging: boolean) => {
    for (const locker of ALL) contestants.push(await contestant(locker, stores, hanging));
  };
  try {
    await open(false);
    const roundTrips = await stores.measure();
    stage.progress(`${title}: counting requests`);
    const requests = await count(contestants, stores);
    await open(true);
    await stores.hang();
    const played = await interleave(contestants, {
      rounds,
      warmUp: Math.max(20, Math.ceil(rounds / 10)),
      progress: (done, of) => stage.progress(title, done / of),
    });
    return sectionOf(
      { ...scenario, rounds },
      ALL.map(({ name }) => name),
      roundTrips,
      played,
      requests,
    );
  } finally {
    stores.wake();
    await Promise.all(contestants.map(({ close }) => close()));
    await stores.close();
  }
}

/** Our grants do not count at a server that has not been running for as long as a lock may last. */
async function age(stage: Stage, began: number): Promise<void> {
  // A server's own uptime is in whole seconds, and counts one less.
  const wanted = TTL + 3000;
  for (let now = performance.now(); now < began + wanted; now = performance.now()) {
    stage.progress("waiting until the servers have been running for one ttl", (now - began) / wanted);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const quorumSuite: Suite = {
  name: "quorum",
  summary: "one lock over three and five servers, all well and one hanging: how long it takes to get it",
  packages: ["ioredis", "redis", "redlock", "redlock-universal"],
  async *run(stage) {
    const scenarios = SCENARIOS.filter(({ title }) => title.includes(stage.only));
    if (!scenarios.length) throw new Error(`no part has "${stage.only}" in its title`);
    stage.progress("starting Redis");
    const servers = await startServers(Math.max(...scenarios.map((scenario) => scenario.servers)));
    try {
      await age(stage, performance.now());
      for (const scenario of scenarios) yield await measure(stage, servers, scenario);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
};
