import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const releasing: Kind = {
  title: "Releasing and cleaning up",
  mutants: [
    {
      name: "unconditional-delete",
      bug: "release deletes the key whoever holds it",
      edits: edit(
        "src/scripts.ts",
        "if held == token or held == '?' .. token then\n  if arg == '0' then",
        "if held then\n  if arg == '0' then",
      ),
      killer: inRedis("replays: late copies do nothing to the next holder, with a fence"),
    },
    {
      name: "force-without-comparing",
      bug: "a copy of forceRelease that comes late evicts an innocent",
      edits: edit("src/scripts.ts", "if held ~= more then", "if not held then"),
      killer: inRedis("replays: a late copy of forceRelease does nothing to the next holder"),
    },
    {
      name: "force-not-marked",
      bug: "a holder whose lock was forced reports a release of its own",
      edits: edit("src/scripts.ts", "(mark == '.' and '.' or '!') .. old", "'.' .. old"),
      killer: inRedis("loss: a forced release fires the signal, once"),
    },
    {
      name: "min-hold-is-held",
      bug: "what minHold keeps still has the bare token, so that the released lease can go on",
      edits: edit("src/scripts.ts", "call('SET', lock, kept, 'PX', arg)", "call('SET', lock, token, 'PX', arg)"),
      killer: inRedis("release: minHold keeps the name after the release, with a fence"),
    },
    {
      name: "min-hold-not-for-crashes",
      bug: "a holder that crashes frees the name before its minHold",
      edits: edit("src/read-options.ts", "Math.max(readTtl(all.ttl), minHold)", "readTtl(all.ttl)"),
      killer: inRedis("release: minHold keeps the name of a holder that crashed"),
    },
    {
      name: "gone-is-released",
      bug: "release of a lock that expired long ago says that it freed it",
      edits: edit(
        "src/open-lease.ts",
        'wasHeld && since(clock, deadline) < 0 ? undefined : "expired"',
        'wasHeld || since ? undefined : "expired"',
      ),
      killer: inUnit("loss", "release > of an expired lock is false, no error, and never frees the next owner's"),
    },
    {
      name: "lost-reply-is-not-released",
      bug: "a release whose reply was lost finds nothing the second time, and says false",
      edits: edit(
        "src/open-lease.ts",
        'wasHeld && since(clock, deadline) < 0 ? undefined : "expired"',
        'wasHeld && !since ? undefined : "expired"',
      ),
      killer: inUnit(
        "loss",
        "release > is true when its answer was lost and asked for again, or when it was sent twice",
      ),
    },
    {
      name: "no-clean-up-after-timeout",
      bug: "a wait that timed out leaves the key of the request that is still under way",
      edits: edit("src/wait.ts", "if (unsure || (sent && scope.stopped) ||", "if ((sent && scope.stopped) ||"),
      killer: inRedis("lost replies: tryAcquire leaves nothing behind when the reply is lost, with a fence"),
    },
    {
      name: "no-clean-up-after-abort",
      bug: "an aborted wait leaves the key of the request that is still under way",
      edits: edit("src/wait.ts", "if (unsure || (sent && scope.stopped) ||", "if ((unsure && !scope.stopped) ||"),
      killer: inUnit("abort", "abort during a request that is executed, its answer lost"),
    },
    {
      name: "token-used-again",
      bug: "a token that was given back is used for the next attempt: its give-back, held up, deletes the live lock",
      edits: edit("src/wait.ts", "    token = undefined;\n    unsure = false;", "    unsure = false;"),
      killer: inUnit(
        "give-back",
        "a grant whose answer came too late > is given back, and the wait goes on with a new token: its answer was slow",
      ),
    },
    {
      name: "clean-up-once",
      bug: "a clean-up that fails is not tried again",
      edits: edit(
        "src/clean-up.ts",
        "const until = clock.monotonic() + ttl;",
        "const until = clock.monotonic() + 0 * ttl;",
      ),
      killer: inUnit("clean-up", "a clean-up that does not arrive is tried again until it is answered"),
    },
    {
      name: "wait-until-unbound",
      bug: "a Worker's waitUntil is called without its object, which throws there",
      edits: edit(
        "src/clean-up.ts",
        "waitUntil?.waitUntil(work)",
        "(0, (waitUntil as { waitUntil: (work: unknown) => void }).waitUntil)(work)",
      ),
      killer: inUnit("give-back", "waitUntil is handed each clean-up > as an object, called as its method"),
    },
    {
      name: "handed-over-releases",
      bug: "a lease that was handed over still releases, under its new holder",
      edits: edit("src/open-lease.ts", 'if (ended === "handed over" || reason', "if (reason"),
      killer: inRedis("operators: a lease that was handed over is the other process's"),
    },
    {
      name: "close-forgets-leases",
      bug: "close() leaves what is held to its ttl",
      edits: edit("src/close.ts", "  await finish(holds, grace);\n", "  void grace;\n"),
      killer: inUnit("close", "close > fires the signal of held leases and releases them"),
    },
    {
      name: "close-forgets-waits",
      bug: "close() leaves callers waiting",
      edits: edit("src/close.ts", "  await finish(waits, 0);\n  await finish(waits, limit);\n", ""),
      killer: inUnit("close", "close > rejects waiting and later calls, and leaves nothing"),
    },
  ],
};
