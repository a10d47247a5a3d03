import type { Transport } from "holdfast";
import { conformance } from "holdfast/conformance";
import { memory } from "holdfast/memory";
import { upstash } from "holdfast/upstash";
import { faults } from "./faults.ts";
import { features, type Using } from "./features.ts";
import { flights } from "./flights.ts";
import { scenarios } from "./lab.ts";
import { late } from "./late.ts";
import type { Group, Place, Test } from "./place.ts";
import { remote } from "./remote.ts";
import type { Tcp } from "./tcp.ts";
import { type Tracked, tracked } from "./tracked.ts";

/** What a runtime gives to the tests besides its name. */
export interface Given {
  /** Imports suite/using.ts. */
  using: () => Promise<Using>;
  /** Where there is TCP. */
  tcp?: Pick<Tcp, "ioredis" | "node-redis"> | undefined;
}

/** Every test of one lane; they are the same in each runtime, but for the group `features`. */
export function suite(place: Place, { using, tcp }: Given, lane = 0): Test[] {
  const tests: Test[] = [];
  const station = place.stations[lane];
  if (!station) throw new Error(`lane ${lane} has no station`);
  const { redis } = remote(station);

  function conforms(group: Group, transports: Transport[], commands?: typeof redis, fair = false): void {
    const [one, two = one] = transports.map(tracked) as [Tracked, Tracked?];
    const settled = () => Promise.all([one.settled(), two.settled()]);
    conformance({
      test: (name, fn) => tests.push({ group, name, fn: () => fn().finally(settled) }),
      transport: () => one.transport,
      other: () => two.transport,
      prefix: `${place.prefix}${group}:`,
      commands,
      fair,
    });
  }

  const { url, token } = station;
  conforms("memory", [memory()]);
  conforms("REST", [upstash({ url, token }), upstash({ url, token })], redis);
  if (place.line) {
    conforms("memory, in line", [memory()], undefined, true);
    conforms("REST, in line", [upstash({ url, token }), upstash({ url, token })], redis, true);
  }
  if (tcp) for (const group of ["ioredis", "node-redis"] as const) conforms(group, tcp[group], redis);
  faults(scenarios(tests, "REST faults", place, lane));
  late(scenarios(tests, "REST faults", place, lane));
  flights(tests, scenarios(tests, "single flight", place, lane));
  features((name, fn) => tests.push({ group: "features", name, fn }), place, using);
  return tests;
}
