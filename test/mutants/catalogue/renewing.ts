import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const renewing: Kind = {
  title: "Renewing and extending",
  mutants: [
    {
      name: "renewal-re-creates",
      bug: "a renewal of a key that is gone creates it again",
      edits: edit(
        "src/scripts.ts",
        "return reply(read() == '!' and 'forced'",
        "if not held and arg ~= '' then call('SET', lock, token, 'PX', arg) return reply('held', tonumber(arg)) end\nreturn reply(read() == '!' and 'forced'",
      ),
      killer: inRedis("loss: a renewal never re-creates a key"),
    },
    {
      name: "extend-without-comparing",
      bug: "extend prolongs whatever is at the key",
      edits: edit("src/scripts.ts", "if held == token then\n  local ttl", "if held then\n  local ttl"),
      killer: inRedis("operators: a wrong token does nothing"),
    },
    {
      name: "extend-shortens",
      bug: "a shorter extend, or a late copy of one, cuts a longer one: PEXPIRE without GT",
      edits: edit("src/scripts.ts", "redis.pcall('PEXPIRE', lock, arg, 'GT')", "redis.pcall('PEXPIRE', lock, arg)"),
      killer: inRedis("stragglers: a shorter extend that arrives behind a longer one does not shorten"),
    },
    {
      name: "renewal-fault-is-loss",
      bug: "one renewal that is not answered loses the lease",
      edits: edit("src/renew.ts", 'hold.overdue = "unreachable";', 'hold.lose("unreachable");'),
      killer: inUnit(
        "renewal",
        "an unknown outcome of a renewal > (refused) changes nothing: it is asked again, and the lease goes on",
      ),
    },
    {
      name: "renewal-fault-is-success",
      bug: "a renewal that failed counts as done: the holder believes on",
      edits: edit(
        "src/renew.ts",
        'hold.overdue = "unreachable";',
        'hold.prolong({ mono: began, wall: clock.now(), left: hold.ttl, outcome: "held", fence: undefined, label: "" });',
      ),
      killer: inUnit(
        "renewal",
        "an unknown outcome of a renewal > that stays unknown (everything is refused) ends the lease at its deadline, not before and not later",
      ),
    },
    {
      name: "renewals-overlap",
      bug: "requests of one lease are sent side by side, and may overtake each other",
      edits: edit("src/hold.ts", "within(clock, queued * commandTimeout, () => tail)", "Promise.resolve()"),
      killer: inUnit("renewal", "renewal > never runs twice at once, and requests of one lease follow one another"),
    },
    {
      name: "renewal-after-release",
      bug: "the renewal timer is not cleared by the release",
      edits: edit("src/hold.ts", "      hold.renewal?.cancel();\n", ""),
      killer: inUnit("request", "nothing fires after it: no request, no timer, and the lease is over"),
    },
    {
      name: "renewal-too-often",
      bug: "a short ttl is renewed in a busy loop",
      edits: edit("src/renew.ts", "      next(span / 3);\n    } catch", "      next(span / 30);\n    } catch"),
      killer: inUnit("renewal", "renewal > with a ttl of 100 ms is at most four requests a ttl, whatever they meet"),
    },
    {
      name: "renewal-too-late",
      bug: "the next renewal after a failed one comes a full third later, so that two failures lose the lease",
      edits: edit("src/renew.ts", "next(span / 6 +", "next(span / 3 +"),
      killer: inUnit("renewal", "an unknown outcome of a renewal > is asked about again before the next third"),
    },
    {
      name: "renewal-shortens",
      bug: "renewal goes on with the ttl of the last extend, though a longer one was asked for",
      edits: edit("src/open-lease.ts", "hold.ttl = Math.max(hold.ttl, ms);", "hold.ttl = ms;"),
      killer: inUnit("renewal", "renewal > goes on with the longest ttl that was asked for, and never shortens"),
    },
    {
      name: "no-max-hold",
      bug: "a job that hangs holds its lock for ever",
      edits: edit("src/hold.ts", "call.renew ? start + call.maxHold : Infinity", "Infinity"),
      killer: inUnit("loss", "the reason is > max-hold when the automatic renewal ends; the key is left to its ttl"),
    },
    {
      name: "renews-dropped-lease",
      bug: "a lease that the program has dropped is renewed on and on",
      edits: edit("src/renew.ts", "!hold.alive() || ", ""),
      killer: inUnit(
        "collect",
        "a lease that was dropped stops renewing once collected; one in use does not (as Node runs it)",
      ),
    },
    {
      name: "timers-keep-process",
      bug: "the timers of a lease keep a Node process from ending",
      edits: edit("src/core.ts", "      timer.unref();\n", ""),
      killer: inUnit("timers", "the timers of a lease let the process end: deadline and renewal are unreferenced"),
    },
    {
      name: "repair-without-a-majority",
      bug: "a lock that no majority of a quorum holds any more comes back to a store",
      edits: edit("src/quorum-store.ts", 'if (verdict.outcome === "held") repair(votes);', "repair(votes);"),
      killer: inUnit("quorum-repair", "nothing is given back to a store > by a lease that no majority holds any more"),
    },
    {
      name: "repair-of-a-lease-that-is-over",
      bug: "a store that answers when the lease is over gets the lock back",
      edits: edit("src/quorum-part.ts", " || !call.usable?.()", ""),
      killer: inUnit(
        "quorum-repair",
        "nothing is given back to a store > by one that was over when the store answered",
      ),
    },
  ],
};
