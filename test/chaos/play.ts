import { seededRandom } from "../support/random.ts";
import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { type Fleet, openFleet } from "./fleet.ts";
import { fenceFaults, overlapsOf } from "./history.ts";
import { now } from "./journal.ts";
import { type Counter, openResource, type Resource } from "./resource.ts";
import { type Scenario, TTL } from "./scenario.ts";
import { keysLeft, openStage, type Stage } from "./stage.ts";

/** What was seen. */
export interface Sight {
  grants: number;
  /** Holdings that were lost. */
  lost: number;
  /** Calls that ended as TIMEOUT or BACKEND. */
  refused: number;
  overlaps: number;
  fenced: Counter;
  bare: Counter;
}

export interface Verdict {
  seed: number;
  ms: number;
  /** From the end of the last fault until every worker had been served again, milliseconds. */
  back: number;
  sight?: Sight;
  /** What is not as it should be; empty: passed. */
  faults: string[];
}

/** Updates that were accepted, and are not in the value. */
export const missing = ({ writes, value }: Counter): number => writes - value;

/** Runs a scenario on processes and a Redis of its own, and judges what was written down. */
export async function play(scenario: Scenario, seed: number, size = 4): Promise<Verdict> {
  const began = now();
  const random = seededRandom(seed);
  const { ttl = TTL } = scenario;
  const resource = openResource();
  const faults: string[] = [];
  const cleanUps: (() => Promise<unknown>)[] = [];
  const defer = (cleanUp: () => Promise<unknown>) => void cleanUps.push(cleanUp);
  let back = 0;
  let sight: Sight | undefined;
  try {
    const stage = await openStage((await scenario.start?.(defer)) ?? startRedis);
    defer(stage.close);
    const links = { connect: (index: number) => stage.connect(scenario.rest ? 2 : index) };
    const fleet = await openFleet(links, { size, ttl, random, resource, fair: scenario.fair });
    defer(fleet.close);
    await scenario.run({ stage, fleet, ttl, random, defer });
    const over = now();
    await fleet.served(fleet.workers, "all", over);
    back = now() - over;
    faults.push(...(await fleet.finish()), ...(await leftovers(stage, fleet, ttl)));
    sight = look(fleet, resource);
    faults.push(...judge(scenario, fleet, sight));
  } catch (error) {
    faults.push(String((error as Error).stack));
  }
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  return { seed, ms: now() - began, back, sight, faults };
}

async function leftovers(stage: Stage, { workers }: Fleet, ttl: number): Promise<string[]> {
  const left = workers.filter(({ proxy }) => proxy.connections).map(({ who }) => `${who} left a connection`);
  let keys: string[] = [];
  const clean = async () => {
    keys = await keysLeft(stage);
    return keys.length === 0;
  };
  // What a killed holder had is there until its ttl is over.
  await until(clean, "keys were left", ttl + 15_000).catch(() => left.push(`left in Redis: ${keys}`));
  return left;
}

function look(fleet: Fleet, { fenced, bare }: Resource): Sight {
  const holdings = fleet.holdings();
  return {
    grants: holdings.length,
    lost: holdings.filter(({ lost }) => lost !== undefined).length,
    refused: fleet.journals().flatMap(({ entries }) => entries.filter(({ type }) => type === "refused")).length,
    overlaps: overlapsOf(holdings).length,
    fenced,
    bare,
  };
}

function judge({ exclusion, breaksBare }: Scenario, fleet: Fleet, { overlaps, fenced, bare }: Sight): string[] {
  const holdings = fleet.holdings();
  const faults = fenceFaults(holdings);
  for (const { who, entries } of fleet.journals()) {
    for (const entry of entries) if (entry.type === "broken") faults.push(`${who}: ${entry.text}`);
  }
  if (exclusion === "holds") {
    for (const { a, b, ms } of overlapsOf(holdings)) {
      faults.push(`${a.who} (fence ${a.fence}) and ${b.who} (fence ${b.fence}) both held for ${ms.toFixed(1)} ms`);
    }
  } else if (exclusion === "fails" && !overlaps) {
    faults.push("exclusion was not seen to fail");
  }
  if (missing(fenced)) faults.push(`the fenced counter lost ${missing(fenced)} updates`);
  if (breaksBare && !missing(bare)) faults.push("without the fence no update was seen to be lost");
  return faults;
}
