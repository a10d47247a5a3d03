import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const deadlines: Kind = {
  title: "Deadlines and the signal",
  mutants: [
    {
      name: "deadline-from-reply",
      bug: "the deadline counts from the reply, not from before the request was sent",
      edits: edit(
        "src/store.ts",
        "const sent = instant(clock);\n  return { ...parseAnswer(await send(command), outcomes), ...sent };",
        "const answer = parseAnswer(await send(command), outcomes);\n  return { ...answer, ...instant(clock) };",
      ),
      killer: inRedis("stragglers: a slow answer is not time that is left"),
    },
    {
      name: "late-grant-accepted",
      bug: "an answer that comes when the ttl is over still counts as a grant",
      edits: edit("src/wait.ts", "if (lessDrift(left) - since(clock, answer) > margin(ttl)) {", "if (left > 0) {"),
      killer: inRedis("stragglers: an answer that arrives after the ttl is not a grant"),
    },
    {
      name: "no-drift",
      bug: "clocks are taken to run alike: no allowance for drift",
      edits: edit("src/deadline.ts", "return ms - ms / 100 - 2;", "return ms - 0;"),
      killer: inUnit(
        "loss",
        "the signal > of an unrenewed lease of 30000 ms fires once, min(ttl / 10, 25) ms before the drift-adjusted deadline",
      ),
    },
    {
      name: "signal-at-the-deadline",
      bug: "the signal's timer is at the deadline itself, so that a late timer is too late",
      edits: edit("src/deadline.ts", "return Math.min(ttl / 10, 25);", "return Math.min(ttl, 0);"),
      killer: inUnit(
        "loss",
        "the signal > of an unrenewed lease of 1000 ms fires once, min(ttl / 10, 25) ms before the drift-adjusted deadline",
      ),
    },
    {
      name: "signal-at-the-next-tick",
      bug: "the end is noticed at the next tick of the renewal, not at the deadline",
      edits: edit(
        "src/hold.ts",
        "Math.max(1, Math.min(untilEnd, untilMaxHold))",
        "Math.max(1, Math.ceil((3 * untilEnd) / hold.ttl) * (hold.ttl / 3) + 1)",
      ),
      killer: inUnit(
        "renewal",
        "an unknown outcome of a renewal > that stays unknown (nothing is answered) ends the lease at its deadline, not before and not later",
      ),
    },
    {
      name: "no-deadline-timer",
      bug: "nothing watches the deadline: a signal fires only when somebody asks",
      edits: edit("src/hold.ts", "      guard();\n", ""),
      killer: inUnit(
        "renewal",
        "an unknown outcome of a renewal > that stays unknown (answers are lost) ends the lease at its deadline, not before and not later",
      ),
    },
    {
      name: "monotonic-clock-only",
      bug: "only the monotonic clock is looked at, which stands still while a machine sleeps",
      edits: edit(
        "src/deadline.ts",
        "Math.max(clock.monotonic() - mono, clock.now() - wall)",
        "clock.monotonic() - mono + 0 * wall",
      ),
      killer: inUnit(
        "loss",
        "on the next line, before any await, a lease is over > after the wall clock jumped forward, and it stays over when that jumps back",
      ),
    },
    {
      name: "wall-clock-only",
      bug: "only the wall clock is looked at, which may be set back",
      edits: edit(
        "src/deadline.ts",
        "Math.max(clock.monotonic() - mono, clock.now() - wall)",
        "clock.now() - wall + 0 * mono",
      ),
      killer: inUnit(
        "loss",
        "on the next line, before any await, a lease is over > by the monotonic clock when the wall clock jumped back",
      ),
    },
    {
      name: "lost-lease-comes-back",
      bug: "a lease whose end was seen is held again when the wall clock is set back",
      edits: edit("src/hold.ts", "if (left <= 0 && hold.confirmed) hold.lose(hold.overdue);\n", ""),
      killer: inUnit(
        "loss",
        "on the next line, before any await, a lease is over > after the wall clock jumped forward, and it stays over when that jumps back",
      ),
    },
    {
      name: "signal-not-aborted-before-read",
      bug: "a signal that is read after the loss never fires",
      edits: edit("src/hold.ts", "if (hold.ended instanceof LockLostError) controller.abort(hold.ended);\n", ""),
      killer: inUnit("loss", "the signal > has fired already when it is first read after the loss"),
    },
    {
      name: "deadline-goes-back",
      bug: "the answer to an earlier, shorter extend moves the deadline back",
      edits: edit(
        "src/hold.ts",
        "deadline.mono = Math.max(deadline.mono, mono + usable)",
        "deadline.mono = mono + usable",
      ),
      killer: inUnit("renewal", "renewal > goes on with the longest ttl that was asked for, and never shortens"),
    },
  ],
};
