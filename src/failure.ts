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

const UNREACHABLE = "Check that Redis is up, and its address";

/** Redis raises the codes among these before a script has written anything. First match wins. */
const REFUSALS: readonly (readonly [pattern: RegExp, hint: string, passing?: boolean])[] = [
  [/^(NOAUTH|WRONGPASS|HTTP 40[13])/, "Check the password or token"],
  [/^NOPERM|^ERR The user executing the script/, "Allow this user: eval evalsha set get del pttl pexpire time scan"],
  [/^WRONGTYPE/, "Something else is stored at this key: choose another name or prefix"],
  [/^OOM/, "Free some memory, or raise maxmemory"],
  [/^ERR max .*request/, "Raise the quota of this database, or poll less"],
  [/^(ERR )?unknown command/i, "Redis 6.2 or later is needed"],
  [/^READONLY/, "Connect to the master", true],
  [/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOSCRIPT|HTTP 429)/, "Try again later", true],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/, UNREACHABLE, true],
];

/** Reads what a transport threw. */
export function classify(thrown: unknown): Failure {
  // Before version 7 Redis put its own words in front of an error that was raised inside a script.
  const text = describe(thrown).replace(/^ERR Error running script.*?: @user_script:.*?: |\.+$/g, "");
  const { definitive } = Object(thrown);
  for (const [pattern, hint, passing = false] of REFUSALS) {
    if (pattern.test(text)) return { text, hint, refused: true, passing };
  }
  return { text, hint: UNREACHABLE, refused: definitive === true, passing: definitive !== true };
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
