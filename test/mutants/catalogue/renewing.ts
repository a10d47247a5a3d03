import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

const SCRIPTS = "src/scripts.ts";

export const renewing: Kind = {
  title: "Renewing and extending",
  mutants: [
    {
      name: "renewal-re-creates",
      bug: "a renewal of a key that is gone creates it again",
      edits: edit(
        SCRIPTS,
        "return reply(read() == '!' and 'forced'",
        "if not held and arg ~= '' then call('SET', lock, token, 'PX', arg) return reply('held', tonumber(arg)) end\nreturn reply(read() == '!' and 'forced'",
      ),
      killer: inRedis("loss: a renewal never re-creates a key"),
    },
    {
      name: "extend-without-comparing",
      bug: "extend prolongs whatever is at the key",
      edits: edit(SCRIPTS, "if held == token then\n  if arg == '' then", "if held then\n  if arg == '' then"),
      killer: inRedis("operators: a wrong token does nothing"),
    },
    {
      name: "extend-shortens",
      bug: "a shorter extend, or a late copy of one, cuts a longer one: PEXPIRE without GT",
      edits: edit(SCRIPTS, "redis.pcall('PEXPIRE', lock, arg, 'GT')", "redis.pcall('PEXPIRE', lock, arg)"),
      killer: inRedis("stragglers: a shorter extend that arrives behind a longer one does not shorten"),
    },
    {
      name: "renewal-fault-is-loss",
      bug: "one renewal that is not answered loses the lease",
      edits: edit("src/renew.ts", "hold.unanswered = true;", 'hold.lose("unreachable");'),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "renewal-fault-is-success",
      bug: "a renewal that failed counts as done: the holder believes on",
      edits: edit(
        "src/renew.ts",
        "hold.unanswered = true;",
        "hold.prolong({ mono: began, wall: clock.now(), left: ttl });",
      ),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "renewals-overlap",
      bug: "requests of one lease are sent side by side, and may overtake each other",
      edits: edit("src/hold.ts", "const next = this.#tail.then(send);", "const next = send();"),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "renewal-after-release",
      bug: "the renewal timer is not cleared by the release",
      edits: edit("src/hold.ts", "    this.renewal?.cancel();\n", ""),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "renewal-too-often",
      bug: "a short ttl is renewed in a busy loop",
      edits: edit("src/deadline.ts", "ttl / 3 : ttl / 6", "ttl / 30 : ttl / 60"),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "renewal-too-late",
      bug: "the next renewal after a failed one comes a full third later, so that two failures lose the lease",
      edits: edit("src/deadline.ts", "ttl / 3 : ttl / 6", "ttl / 3 : ttl / 3"),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "renewal-shortens",
      bug: "renewal goes on with the ttl of the last extend, though a longer one was asked for",
      edits: edit("src/lease.ts", "hold.ttl = Math.max(hold.ttl, ms);", "hold.ttl = ms;"),
      killer: inUnit("renewal", "x"),
    },
    {
      name: "no-max-hold",
      bug: "a job that hangs holds its lock for ever",
      edits: edit(
        "src/hold.ts",
        "this.since + (settings.renew ? settings.maxHold : Number.POSITIVE_INFINITY)",
        "Number.POSITIVE_INFINITY",
      ),
      killer: inUnit("loss", "x"),
    },
    {
      name: "renews-dropped-lease",
      bug: "a lease that the program has dropped is renewed on and on",
      edits: edit("src/renew.ts", "!hold.alive() || ", ""),
      killer: inUnit("collect", "x"),
    },
    {
      name: "timers-keep-process",
      bug: "the timers of a lease keep a Node process from ending",
      edits: edit("src/core.ts", "      timer.unref();\n", ""),
      killer: inUnit("timers", "x"),
    },
  ],
};
