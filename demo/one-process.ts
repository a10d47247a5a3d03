import { memory } from "../adapters/memory.ts";
import { contend, type Pace } from "./contender.ts";
import type { Report } from "./events.ts";
import { inMemory } from "./resource.ts";
import type { Contender, Stage } from "./stage.ts";
import { StoppableClock } from "./stoppable-clock.ts";

/** Everything in this process, without Redis. A contender whose clock has stopped for ever is a crashed one. */
export function oneProcess(pace: Pace): Stage {
  const transport = memory();
  const resource = inMemory();
  const clocks = new Set<StoppableClock>();

  function contender(name: string, owner: string, report: Report): Contender {
    const clock = new StoppableClock();
    clocks.add(clock);
    let end = () => {};
    const killed = new Promise<void>((resolve) => {
      end = resolve;
    });
    return {
      owner,
      go: () =>
        Promise.race([
          killed,
          contend({ name, owner, pace, transport, resource, report, clock, sleep: (ms) => clock.sleep(ms) }),
        ]),
      kill() {
        clock.stop();
        end();
      },
      stop: () => clock.stop(),
      wake: () => clock.wake(),
    };
  }

  return {
    description: "in memory, all of them in this process",
    pace,
    words: {
      killed: "crashes: it does nothing any more, and releases nothing",
      stopped: "freezes: none of its timers fires, no renewal",
      woken: "wakes up",
    },
    prepare: async (name, owners, report) => owners.map((owner) => contender(name, owner, report)),
    async close() {
      for (const clock of clocks) clock.stop();
    },
  };
}
