import { CLOCK } from "./faults-clock.ts";
import { DATA } from "./faults-data.ts";
import { NETWORK } from "./faults-network.ts";
import { PROCESSES } from "./faults-processes.ts";
import { SERVER } from "./faults-server.ts";
import { STORMS } from "./faults-storm.ts";
import type { Scenario } from "./scenario.ts";

/** All of them. While nothing is lost exclusion holds; the others show that it fails, and that the fence protects. */
const ALONE: readonly Scenario[] = [...PROCESSES, ...NETWORK, ...SERVER, ...STORMS, ...DATA, ...CLOCK];

/** The same, with workers that stand in line. */
const IN_LINE: readonly Scenario[] = ALONE.filter(({ exclusion, start }) => exclusion === "holds" && !start).map(
  (scenario) => ({
    ...scenario,
    name: `in line: ${scenario.name}`,
    fair: true,
    // Who is stopped writes later than it looked: with a line between, nobody may have come in.
    breaksBare: false,
  }),
);

export const SCENARIOS: readonly Scenario[] = [...ALONE, ...IN_LINE];

export function named(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (!found) throw new Error(`there is no scenario "${name}"`);
  return found;
}
