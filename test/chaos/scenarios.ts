import { CLOCK } from "./faults-clock.ts";
import { DATA } from "./faults-data.ts";
import { NETWORK } from "./faults-network.ts";
import { PROCESSES } from "./faults-processes.ts";
import { SERVER } from "./faults-server.ts";
import { STORMS } from "./faults-storm.ts";
import type { Scenario } from "./scenario.ts";

/** All of them. While nothing is lost exclusion holds; the others show that it fails, and that the fence protects. */
export const SCENARIOS: readonly Scenario[] = [...PROCESSES, ...NETWORK, ...SERVER, ...STORMS, ...DATA, ...CLOCK];

export function named(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (!found) throw new Error(`there is no scenario "${name}"`);
  return found;
}
