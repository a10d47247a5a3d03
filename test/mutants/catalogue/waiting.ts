import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const waiting: Kind = {
  title: "Waiting",
  mutants: [
    {
      name: "wait-unbounded",
      bug: "a command that hangs lasts longer than the wait",
      edits: edit("src/wait.ts", "Math.max(1, Math.min(commandTimeout, self.remaining()))", "commandTimeout"),
      killer: inUnit("waiting", "x"),
    },
    {
      name: "command-unbounded",
      bug: "one command that hangs takes all of the wait",
      edits: edit("src/wait.ts", "Math.max(1, Math.min(commandTimeout, self.remaining()))", "Math.max(1, self.remaining())"),
      killer: inUnit("waiting", "x"),
    },
    {
      name: "abort-unheard-asleep",
      bug: "an abort is noticed only when the sleep is over",
      edits: edit("src/wait.ts", "sleep: async (ms) => limited(ms),", "sleep: async (ms) => within(clock, ms),"),
      killer: inUnit("abort", "x"),
    },
    {
      name: "abort-listener-stays",
      bug: "each wait leaves a listener on the caller's signal",
      edits: edit("src/wait.ts", '      signal?.removeEventListener("abort", abort);\n', ""),
      killer: inUnit("abort", "x"),
    },
    {
      name: "sleep-after-the-last-attempt",
      bug: "a single attempt that failed sleeps before it says so",
      edits: edit("src/acquire.ts", "if (single || wait.attempts >= maxAttempts || wait.remaining() <= 0) break;", ""),
      killer: inUnit("busy-or-outage", "x"),
    },
    {
      name: "max-attempts-ignored",
      bug: "a wait sends as many requests as it likes",
      edits: edit("src/acquire.ts", "|| wait.attempts >= maxAttempts ", ""),
      killer: inUnit("waiting", "x"),
    },
    {
      name: "busy-loop",
      bug: "a delay of 0, or one that is no number, becomes a busy loop",
      edits: edit("src/backoff.ts", "Math.max(SHORTEST_DELAY, Number(delay) || 0)", "Math.max(0, Number(delay) || 0)"),
      killer: inUnit("waiting", "x"),
    },
    {
      name: "no-jitter",
      bug: "callers who failed together come back together",
      edits: edit("src/backoff.ts", "mean * (1 + retry.jitter * (2 * random - 1))", "mean"),
      killer: inUnit("backoff", "x"),
    },
    {
      name: "sleeps-past-expiry",
      bug: "a waiter sleeps on though the holder's lock has expired",
      edits: edit("src/acquire.ts", "Math.min(pause, room, expiry > now ? expiry - now : pause)", "Math.min(pause, room)"),
      killer: inUnit("waiting", "x"),
    },
    {
      name: "stale-expiry",
      bug: "a waiter does not learn that the holder extended, and polls without need",
      edits: edit("src/acquire.ts", "!single && expiry <= began", "attempt === 1 && !single"),
      killer: inUnit("waiting", "x"),
    },
    {
      name: "force-for-ever",
      bug: "forceRelease of a name that changes hands goes on without end",
      edits: edit("src/query.ts", "core.closing || waited >= commandTimeout", "core.closing"),
      killer: inUnit("force", "x"),
    },
  ],
};
