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
}

const PERMISSIONS =
  "Allow this user eval evalsha set get del pttl pexpire time scan, on the lock's key and fence.7t5:*";

/**
 * What Redis raises before a script has written anything, unless it is marked as perhaps half done. First match wins.
 */
const REFUSALS: readonly (readonly [pattern: RegExp, hint: string, passing?: boolean, halfDone?: boolean])[] = [
  [/^(NOAUTH|WRONGPASS|Unauthorized|HTTP 40[13])/, "Check the password or token"],
  [/^NOPERM/, PERMISSIONS],
  [/^ERR The user executing the script/, PERMISSIONS, false, true],
  [/^WRONGTYPE/, "Something else is stored at this key: choose another name or prefix"],
  [/^OOM/, "Free some memory, or raise maxmemory"],
  [/^ERR max .*request/, "Raise the quota of this database, or poll less"],
  [/^(ERR )?unknown command/i, "Redis 6.2 or later is needed"],
  [/^READONLY/, "Connect to the master", true],
  [/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOSCRIPT|HTTP 429)/, "Try again later", true],
];

/** What stands in front of Redis' words: in a pipeline of @upstash/redis, and from a script before Redis 7. */
const PREAMBLE = /^(Command failed: |ERR Error running script.*?: @user_script:.*?: )+|\.+$/g;

/** Reads what a transport threw. */
export function classify(thrown: unknown): Failure {
  const text = describe(thrown).replace(PREAMBLE, "");
  for (const [pattern, hint, passing = false, halfDone] of REFUSALS) {
    if (pattern.test(text)) return { text, hint, refused: !halfDone, passing };
  }
  const refused = Object(thrown).definitive === true;
  return { text, hint: "Check that Redis is up, and its address", refused, passing: !refused };
}

/** What a caller is told when Redis did not do what was asked. */
export function backendError(lockName: string, asked: string, { text, hint }: Failure): LockBackendError {
  const cause = new Error(text);
  return new LockBackendError(`Redis did not ${asked} ${JSON.stringify(lockName)}: ${text}. ${hint}.`, {
    lockName,
    cause,
    errors: [cause],
  });
}
