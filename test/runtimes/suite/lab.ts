import { createLocks, type Locks, type LocksOptions } from "holdfast";
import { upstash } from "holdfast/upstash";
import type { Group, Place, Test } from "./place.ts";
import { type Remote, remote } from "./remote.ts";
import { type Tracked, tracked } from "./tracked.ts";

/** What a test over REST gets: a name of its own, and everything that is known about its key. */
export interface Lab extends Remote {
  name: string;
  key: string;
  token: string;
  /** Locks that are closed when the test is over. */
  locks(options?: LocksOptions): Locks;
}

/** For timers that run late and processes that wait for a core. */
export const SLACK = 4000;

export type AddScenario = (name: string, run: (lab: Lab) => Promise<void>) => void;

/** How scenarios over REST become tests of a lane. */
export function scenarios(tests: Test[], group: Group, place: Place, lane: number): AddScenario {
  const station = place.stations[lane];
  if (!station) throw new Error(`lane ${lane} has no station`);
  const { url, token } = station;
  const calls = remote(station);
  const prefix = `${place.prefix}${group}:`;

  return (title, run) => {
    const name = `n${tests.length}`;
    async function fn(): Promise<void> {
      const opened: Locks[] = [];
      const ends: Tracked["settled"][] = [];
      const locks = (options: LocksOptions = {}) => {
        const timeout = typeof options.commandTimeout === "number" ? options.commandTimeout : undefined;
        const { transport, settled } = tracked(upstash({ url, token, timeout }));
        const made = createLocks(transport, { prefix, ...options });
        opened.push(made);
        ends.push(settled);
        return made;
      };
      try {
        await run({ ...calls, name, key: prefix + name, token, locks });
      } finally {
        await Promise.all(opened.map((each) => each.close()));
        await Promise.all(ends.map((settled) => settled()));
      }
    }
    tests.push({ group, name: title, fn });
  };
}
