import type { FaultKind, FaultOptions } from "./rest-faults.ts";

export interface Mishap {
  kind: FaultKind;
  options: FaultOptions;
  /** Whether the answer never comes, so that only a time limit ends it. */
  silent: boolean;
  toString(): string;
}

function mishap(kind: FaultKind, options: FaultOptions = {}): Mishap {
  const details = Object.entries(options).map(([name, value]) => ` ${name}=${value}`);
  return { kind, options, silent: kind.startsWith("stall"), toString: () => kind + details.join("") };
}

/** What happens to a request whose outcome the sender cannot know, or that may be asked again. */
export const PASSING: Mishap[] = [
  mishap("dropRequest"),
  mishap("dropReply"),
  mishap("twice"),
  mishap("twice", { answer: "first" }),
  mishap("twice", { ms: 60 }),
  mishap("twiceLate", { ms: 60 }),
  mishap("badGateway"),
  mishap("badGateway", { executed: true }),
  mishap("html"),
  mishap("html", { executed: true }),
  mishap("truncated"),
  mishap("aborted"),
  mishap("aborted", { executed: true }),
  mishap("stall"),
  mishap("stall", { executed: true }),
  mishap("stallBody"),
  mishap("delay", { ms: 60 }),
  mishap("delayReply", { ms: 60 }),
  mishap("rateLimit"),
  mishap("error", { text: "READONLY You can't write against a read only replica." }),
  mishap("error", { text: "LOADING Redis is loading the dataset in memory" }),
  mishap("error", { text: "MASTERDOWN Link with MASTER is down" }),
  mishap("error", { text: "CLUSTERDOWN The cluster is down" }),
  mishap("error", { text: "TRYAGAIN Multiple keys request during rehashing of slot" }),
  mishap("error", { text: "NOSCRIPT No matching script. Please use EVAL." }),
  mishap("errorAfter", { text: "ERR something that nobody has heard of" }),
];

/** The limit on one command: short where it is all that ends it, generous where a busy machine must not. */
export function commandTimeout({ silent }: Mishap): number {
  return silent ? 1000 : 10_000;
}

/** What asking again does not help against: with what the message says of it, and what to do. */
export const DEFINITIVE: [mishap: Mishap, says: RegExp, hint: RegExp][] = [
  [mishap("unauthorized"), /Unauthorized/, /password.* token/],
  [mishap("quota"), /max requests limit exceeded/, /quota/],
  [mishap("error", { text: "OOM command not allowed when used memory > 'maxmemory'." }), /OOM/, /raise maxmemory/],
  [
    mishap("error", { text: "NOPERM this user has no permissions to run the 'eval' command" }),
    /NOPERM/,
    /Allow.* eval/,
  ],
  [
    mishap("error", { text: "WRONGTYPE Operation against a key holding the wrong kind of value" }),
    /WRONGTYPE/,
    /another name or prefix/,
  ],
];
