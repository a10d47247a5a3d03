import { checkEnd } from "./check-end.ts";
import type { Violation } from "./invariants.ts";
import { schedule } from "./mishaps.ts";
import type { Plan } from "./plan.ts";
import { runProgram } from "./tasks.ts";
import { warmUp } from "./warm-up.ts";
import { World } from "./world.ts";

export interface Outcome {
  violations: Violation[];
  /** How often each fault, branch and failure of exclusion occurred. */
  tally: Map<string, number>;
  lines: readonly string[];
  /** Of the lines, if they were recorded. */
  digest: string;
}

/** Nothing goes on for longer, in milliseconds of the world's time. */
const HORIZON = 600_000;

const unhandled: unknown[] = [];
let listening = false;

/** Runs a plan to its end. The same plan gives the same history. */
export async function simulate(plan: Plan, recorded = false): Promise<Outcome> {
  await warmUp();
  if (!listening) process.on("unhandledRejection", (thrown) => unhandled.push(thrown));
  listening = true;
  unhandled.length = 0;

  const world = new World(plan, recorded);
  const { witness, timeline, history } = world;
  for (const [kind, there] of Object.entries(traits(plan))) if (there) witness.count(`fault: ${kind}`);
  for (const mishap of plan.mishaps) schedule(world, mishap);
  const open = new Set<string>();
  for (const client of world.clients) {
    for (const [at, tasks] of client.plan.programs.entries()) {
      const program = `program ${at} of c${client.id}`;
      open.add(program);
      runProgram(world, client, tasks).then(
        () => open.delete(program),
        (thrown) => witness.fail(10, `${program} ended with ${(thrown as Error)?.stack ?? thrown}`),
      );
    }
  }
  try {
    await timeline.run(HORIZON);
  } catch (thrown) {
    witness.fail(8, `${(thrown as Error).message}; open: ${[...world.calls].map(({ what }) => what)}`);
  }
  checkEnd(world);
  for (const thrown of unhandled) witness.fail(10, `nobody handled ${(thrown as Error)?.stack ?? thrown}`);
  return { violations: witness.violations, tally: witness.tally, lines: history.lines, digest: history.digest() };
}

function traits({ clients, servers }: Plan): Record<string, boolean> {
  return {
    "late timers": clients.some(({ clock }) => clock.late > 0),
    "clocks apart": clients.some(({ clock }) => clock.offset !== 0),
    "clock that stands still": clients.some(({ clock }) => clock.frozen),
    "server that was just started": servers.some(({ age }) => age !== undefined),
    "server that does not tell its uptime": servers.some(({ mute }) => mute),
    drift: clients.some(({ clock }) => Math.abs(clock.rate - 1) > 0.005),
  };
}
