import type { DemoEvent } from "./events.ts";
import { type Grant, grantsOf } from "./history.ts";
import type { Stage } from "./stage.ts";

interface Story {
  /** The holding that the event belongs to: the last one of its contender. */
  grant: Grant;
  /** The holding before that one. */
  before: Grant | undefined;
  /** "#3", or the fence itself if no grant has it. */
  short(fence: number): string;
  stage: Stage;
  /** Whether there was a lost lease before, of the same contender. */
  again: boolean;
}

/** What happened, in plain words: one line for each thing worth telling. */
export function narrate(events: readonly DemoEvent[], stage: Stage): string[] {
  const grants = grantsOf(events);
  const begin = (events[0] as DemoEvent).at;
  const waiting = new Set(events.filter(({ type }) => type === "waiting").map(({ who }) => who));
  const short = (fence: number) => `#${grants.find((grant) => grant.fence === fence)?.number ?? fence}`;
  const lines: string[] = [`0.00 s  ${list([...waiting].sort())} all want the lock`];
  for (const event of events) {
    const mine = grants.filter(({ who, from }) => who === event.who && from <= event.at);
    const grant = mine.at(-1);
    if (!grant) continue;
    const story = { grant, before: grants[grant.number - 2], short, stage, again: mine.length > 1 };
    const told = tell(event, story);
    if (told) lines.push(`${((event.at - begin) / 1000).toFixed(2)} s  ${event.who} ${told}`);
  }
  return lines;
}

function tell(event: DemoEvent, { grant, before, short, stage, again }: Story): string | undefined {
  switch (event.type) {
    case "granted": {
      const taken = `takes it${again ? " again" : ""}, fence ${short(event.fence)}`;
      if (!before || before.end === "released") return taken;
      const last = `${before.who}'s ${before.renewals ? "renewal" : "grant"}`;
      return `${taken}: freed by the ttl, ${Math.round(event.at - before.since)} ms after ${last}`;
    }
    case "released": {
      const renewals = `${grant.renewals} ${grant.renewals === 1 ? "renewal" : "renewals"}`;
      return `releases it after ${Math.round(grant.to - grant.from)} ms and ${renewals}`;
    }
    case "killed":
    case "stopped":
    case "woken":
      return stage.words[event.type];
    case "lost":
      return `learns by its signal that its lease is lost (${event.reason})`;
    case "written":
      return grant.end === "lost" && event.at > grant.to
        ? `writes late with fence ${short(event.fence)}: accepted, no later holder wrote`
        : undefined;
    case "refused":
      return `still writes with fence ${short(event.fence)}: refused, the resource has seen ${short(event.seen)}`;
    default:
      return undefined;
  }
}

/** "ada, ben and cleo" */
function list(words: string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
