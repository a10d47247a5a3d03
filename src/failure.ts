import { LockBackendError } from "./errors.ts";
import { describe } from "./redact.ts";

/** A command that was not answered as it should be. */
export interface Failure {
  /** What happened, safe to show. */
  text: string;
  /** What to do about it. */
  hint: string;
  /** True when nothing of it was executed, and nothing will be. Otherwise its outcome is unknown. */
  refused: boolean;
  /** Whether asking again can help. */
  passing: boolean;
  /** Where there are many stores: what each of those that failed said. */
  errors?: Error[];
}

const PERMISSIONS =
  "Allow this user eval evalsha set get del pttl pexpire time scan @sortedset, on this key, fence.7t5:* alive.dcr7:* queue.b0v5:* and result.qdb:*";

/** A refusal, what to do about it, whether asking again can help, and whether a script may have done half of its work. */
type Refusal = readonly [pattern: RegExp, hint: string, passing?: boolean, halfDone?: boolean];

/** What Redis raises before a script has written anything, unless it is marked as half done. First match wins. */
const REFUSALS: readonly Refusal[] = [
  [/^(NOAUTH|WRONGPASS|Unauthorized|HTTP 40[13])/, "Check the password or token"],
  [/^NOPERM/, PERMISSIONS],
  [/^ERR The user executing the script/, PERMISSIONS, false, true],
  [/^WRONGTYPE/, "Take another name or prefix"],
  [/^OOM/, "Free memory, or raise maxmemory"],
  [/Too many subrequests/, "Wait less, or raise the limit"],
  [/^ERR max .*request/, "Raise the quota, or poll less"],
  [/^(ERR )?unknown command/i, "Use Redis 6.2 or later"],
  [/^MISCONF/, "Check its disk", true],
  [/^NOREPLICAS/, "Connect replicas", true],
  [/^READONLY/, "Connect to the master", true],
  [/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOSCRIPT|HTTP 429)/, "Try again later", true],
];

/**
 * Thrown when so many of several stores failed that nothing could be decided. What they may have granted is given back.
 * No class: a quorum may come from another copy of this package.
 */
export interface Outage {
  outage: Failure;
}

/** What stands in front of Redis' words: in a pipeline of @upstash/redis, and from a script before Redis 7. */
const PREAMBLE = /^(Command failed: |ERR Error running script.*?: @user_script:.*?: )+|\.+$/g;

/** Reads what a transport threw. */
export function classify(thrown: unknown): Failure {
  const { outage } = Object(thrown) as Partial<Outage>;
  if (outage) return outage;
  const text = describe(thrown).replace(PREAMBLE, "");
  const definitive = Object(thrown).definitive === true;
  const unknown: Refusal = [/$/, "Check Redis and its address", !definitive, !definitive];
  const [, hint, passing = false, halfDone] = REFUSALS.find(([pattern]) => pattern.test(text)) ?? unknown;
  return { text, hint, refused: !halfDone, passing };
}

/** What a caller is told when Redis did not do what was asked. */
export function backendError(lockName: string, asked: string, { text, hint, errors }: Failure): LockBackendError {
  const cause = new Error(text);
  return new LockBackendError(`Redis did not ${asked} ${JSON.stringify(lockName)}: ${text}. ${hint}.`, {
    lockName,
    cause,
    errors: errors ?? [cause],
  });
}
