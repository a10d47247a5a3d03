import type { DemoEvent } from "./events.ts";

/** One holding of the lock, in milliseconds of the common clock. */
export interface Grant {
  who: string;
  fence: number;
  /** 1 for the first. */
  number: number;
  from: number;
  /** When it was granted, or last renewed. */
  since: number;
  /** Since when nobody was at work under it. */
  idle: number;
  /** When it ended: by its release, or at the deadline of a lease that was not released. */
  to: number;
  renewals: number;
  end: "released" | "lost" | "killed" | "open";
}

export interface Verdict {
  grants: number;
  /** Pairs of holdings that have a moment in common. */
  overlaps: number;
  refused: number;
  /** Whether every grant has a larger fence than the one before. */
  ordered: boolean;
}

/** Reads the holdings out of the events, which are in order of time. */
export function grantsOf(events: readonly DemoEvent[]): Grant[] {
  const grants: Grant[] = [];
  const current = new Map<string, Grant>();
  for (const event of events) {
    const { who, at } = event;
    const grant = current.get(who);
    if (event.type === "granted") {
      const { fence, until } = event;
      const number = grants.length + 1;
      const granted: Grant = {
        who,
        fence,
        number,
        from: at,
        since: at,
        idle: until,
        to: until,
        renewals: 0,
        end: "open",
      };
      grants.push(granted);
      current.set(who, granted);
    } else if (grant?.end === "open") {
      apply(grant, event);
    }
  }
  return grants;
}

/** A lease counts up to its own deadline even when its holder is dead or stopped: nobody may be let in earlier. */
function apply(grant: Grant, event: DemoEvent): void {
  if (event.type === "renewed") {
    grant.renewals++;
    grant.since = event.at;
    grant.to = event.until;
    grant.idle = event.until;
  } else if (event.type === "released") {
    grant.end = "released";
    grant.to = event.at;
    grant.idle = event.at;
  } else if (event.type === "lost") {
    grant.end = "lost";
    grant.to = Math.min(grant.to, event.at);
    grant.idle = Math.min(grant.idle, grant.to);
  } else if (event.type === "killed" || event.type === "stopped") {
    grant.idle = event.at;
    if (event.type === "killed") grant.end = "killed";
  }
}

export function judge(events: readonly DemoEvent[]): Verdict {
  const grants = grantsOf(events);
  const overlaps = grants.flatMap((a, i) => grants.slice(i + 1).filter((b) => a.from < b.to && b.from < a.to)).length;
  const ordered = grants.every(({ fence }, i) => i === 0 || fence > (grants[i - 1] as Grant).fence);
  const refused = events.filter(({ type }) => type === "refused").length;
  return { grants: grants.length, overlaps, refused, ordered };
}
