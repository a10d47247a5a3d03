import { safeError } from "./redact.ts";

/** A command that was not answered as it should be. */
export interface Failure {
  error: Error;
  /** True when nothing of it was executed, and nothing will be. Otherwise its outcome is unknown. */
  refused: boolean;
  /** Whether asking again can help. */
  passing: boolean;
  /** What the reader of the message should do. */
  hint: string;
}

const UNREACHABLE = "Check that Redis is up and that its address is right.";

/** First match wins. The codes are those that Redis raises before a script has written anything. */
const KNOWN: readonly (readonly [codes: string, passing: boolean, hint: string])[] = [
  ["NOAUTH|WRONGPASS|Unauthorized|ERR (?:invalid|AUTH)", false, "Check the password or the REST token."],
  ["NOPERM", false, "Allow this user +eval +evalsha +set +get +del +pttl +pexpire +time +scan on the lock's keys."],
  ["WRONGTYPE", false, "Something that is no lock is stored at this key: use another name or another prefix."],
  ["OOM", false, "Redis is out of memory: raise maxmemory, or let it evict what may be lost."],
  ["ERR max .*request", false, "The quota of this database is used up: raise it, or poll less."],
  ["(?:ERR )?unknown command", false, "This server does not know a command that locks need: Redis 6.2 or later does."],
  ["READONLY", true, "This is a replica: connect to the master."],
  ["LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOSCRIPT", true, "The server is up, but not ready. Try again later."],
  ["HTTP 429", true, "Too many requests for this plan: poll less, or raise the limit."],
  ["ECONNREFUSED|ENOTFOUND|EAI_AGAIN", true, UNREACHABLE],
];

/** Before version 7 Redis put its own words in front of an error that was raised inside a script. */
const AT_THE_START = "^(?:ERR Error running script.*?: @user_script:.*?: )?(?:";

/** Reads what a transport threw. */
export function classify(thrown: unknown): Failure {
  const error = safeError(thrown);
  const cause = error.cause as { code?: string } | undefined;
  for (const [codes, passing, hint] of KNOWN) {
    const pattern = new RegExp(`${AT_THE_START}${codes})`);
    if ([error.message, (error as { code?: string }).code, cause?.code].some((text) => text && pattern.test(text))) {
      return { error, refused: true, passing, hint };
    }
  }
  const refused = (thrown as { definitive?: unknown } | null)?.definitive === true;
  return { error, refused, passing: !refused, hint: UNREACHABLE };
}
