import { edit, inUnit, type Kind } from "../mutant.ts";

export const waiting: Kind = {
  title: "Waiting",
  mutants: [
    {
      name: "wait-unbounded",
      bug: "a command that hangs lasts longer than the wait",
      edits: edit("src/wait.ts", "Math.max(1, Math.min(commandTimeout, until - clock.monotonic()))", "commandTimeout"),
      killer: inUnit("waiting", "a wait is bounded > in time, while nothing arrives"),
    },
    {
      name: "command-unbounded",
      bug: "one command that hangs takes all of the wait",
      edits: edit(
        "src/wait.ts",
        "Math.max(1, Math.min(commandTimeout, until - clock.monotonic()))",
        "Math.max(1, until - clock.monotonic())",
      ),
      killer: inUnit("waiting", "a wait is bounded > in time, while every answer is lost"),
    },
    {
      name: "abort-unheard-asleep",
      bug: "an abort is noticed only when the sleep is over",
      edits: edit("src/wait.ts", "Math.min(pause, room, known), undefined, scope)", "Math.min(pause, room, known))"),
      killer: inUnit("abort", "abort while sleeping ends the wait at once; the token is given back, nothing is left"),
    },
    {
      name: "abort-listener-stays",
      bug: "each wait leaves a listener on the caller's signal",
      edits: edit("src/wait.ts", 'signal?.removeEventListener("abort", abort);\n', ""),
      killer: inUnit("abort", "a thousand waits on one signal leave no listener"),
    },
    {
      name: "releaser-goes-on-first",
      bug: "who was handed the lock begins after whatever the releaser does next",
      edits: edit("src/wait.ts", "const over = attempts();", "const over = attempts().finally(() => {});"),
      killer: inUnit("hand-over", "one process > the next has the lock before who released it goes on: {}"),
    },
    {
      name: "sleep-after-the-last-attempt",
      bug: "a single attempt that failed sleeps before it says so",
      edits: edit("src/wait.ts", "if (single || sent >= maxAttempts || now >= until) break;\n", ""),
      killer: inUnit(
        "busy-or-outage",
        "tryAcquire > is null after one request and no sleep when another holds the lock",
      ),
    },
    {
      name: "max-attempts-ignored",
      bug: "a wait sends as many requests as it likes",
      edits: edit("src/wait.ts", "|| sent >= maxAttempts ", ""),
      killer: inUnit("waiting", "a wait is bounded > in requests, however long it may last"),
    },
    {
      name: "busy-loop",
      bug: "a delay of 0, or one that is no number, becomes a busy loop",
      edits: edit("src/backoff.ts", "Math.max(SHORTEST_DELAY, Number(delay) || 0)", "Math.max(0, Number(delay) || 0)"),
      killer: inUnit("backoff", "any delay becomes one that does not spin"),
    },
    {
      name: "no-jitter",
      bug: "callers who failed together come back together",
      edits: edit("src/backoff.ts", "mean * (1 + retry.jitter * (2 * random - 1))", "mean"),
      killer: inUnit(
        "backoff",
        "with full jitter a delay is drawn from nearly 0 to twice the mean, and never above max",
      ),
    },
    {
      name: "sleeps-past-expiry",
      bug: "a waiter sleeps on though the holder's lock has expired",
      edits: edit("src/wait.ts", "Math.min(pause, room, known)", "Math.min(pause, room)"),
      killer: inUnit("waiting", "between attempts > nobody sleeps past the moment at which the holder's lock expires"),
    },
    {
      name: "stale-expiry",
      bug: "a waiter does not learn that the holder extended, and polls without need",
      edits: edit("src/wait.ts", "!single && expiry <= began", "attempt === 1 && !single"),
      killer: inUnit("waiting", "between attempts > and learns of a holder who extended"),
    },
    {
      name: "force-for-ever",
      bug: "forceRelease of a name that changes hands goes on without end",
      edits: edit("src/query.ts", "core.closing || waited >= commandTimeout", "core.closing"),
      killer: inUnit(
        "force",
        "a name that changes hands faster than it can be freed is given up after the time of one command",
      ),
    },
  ],
};
