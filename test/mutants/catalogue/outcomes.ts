import { edit, inUnit, type Kind } from "../mutant.ts";

export const outcomes: Kind = {
  title: "Busy, outage, lost",
  mutants: [
    {
      name: "outage-is-busy",
      bug: "tryAcquire answers null during an outage",
      edits: edit("src/wait.ts", "if (busy && once) return null;", "if (once) return null;"),
      killer: inUnit("busy-or-outage", "tryAcquire > rejects when the server is not ready, and leaves nothing behind"),
    },
    {
      name: "outage-is-timeout",
      bug: "a wait in which Redis never answered ends as if another held the lock",
      edits: edit(
        "src/wait.ts",
        "if (!passing) busy = undefined;",
        'if (!passing) busy = undefined;\n          busy ??= { outcome: "busy", left: -1, fence: undefined, label: "", mono: 0, wall: 0 };',
      ),
      killer: inUnit("busy-or-outage", "a wait that ends without the lock > is an outage when Redis never answered"),
    },
    {
      name: "outage-is-free",
      bug: "query during an outage reads as free",
      edits: edit(
        "src/query.ts",
        "(send) => store.query(call, send));",
        '(send) => store.query(call, send)).catch(\n    () => ({ outcome: "free", left: -1, label: "", fence: undefined }),\n  );',
      ),
      killer: {
        file: "test/faults/rest-query.test.ts",
        test: "with { fence: true } > query, stall: throws in time, it never reads as free",
      },
    },
    {
      name: "verify-without-asking",
      bug: "verify answers by the local clock",
      edits: edit("src/open-lease.ts", 'verify: () => hold.refresh("verify"),', "verify: async () => hold.usable(),"),
      killer: inUnit("loss", "the reason is > known at once to verify"),
    },
    {
      name: "truthy-reply-is-grant",
      bug: "a reply's truthiness counts, not its value: QUEUED, a page of HTML, an empty object grant",
      edits: edit(
        "src/store.ts",
        'return reply === null ? ["busy", -1, "", "="] : reply === "OK" ? ["granted", ttl, "", "="] : reply;',
        'return reply ? ["granted", ttl, "", "="] : ["busy", -1, "", "="];',
      ),
      killer: inUnit("busy-or-outage", 'a malformed reply is no grant > to a plain SET: "QUEUED"'),
    },
    {
      name: "lax-parser",
      bug: "a reply that begins like an answer counts, whatever follows",
      edits: edit("src/reply.ts", " || length !== 4", ""),
      killer: inUnit("busy-or-outage", 'a malformed reply is no grant > ["granted",30000,"1","=","more"]'),
    },
    {
      name: "unknown-is-refused",
      bug: "an unknown outcome is taken for a refusal: nothing is asked again, nothing cleaned up",
      edits: edit(
        "src/failure.ts",
        "const definitive = Object(thrown).definitive === true;",
        "const definitive = true;",
      ),
      killer: inUnit("events", "what failed says during what: clean-up"),
    },
    {
      name: "refusal-asked-again",
      bug: "a wrong password is tried again until the wait is over",
      edits: edit("src/wait.ts", "if (!passing || single) break;", "if (single) break;"),
      killer: {
        file: "test/faults/rest-acquire.test.ts",
        test: "acquire with { fence: true } > quota: refused at once, in words that help",
      },
    },
    {
      name: "readonly-gives-up",
      bug: "a failover in progress (READONLY) ends the wait at once",
      edits: edit(
        "src/failure.ts",
        '[/^READONLY/, "Connect to the master", true]',
        '[/^READONLY/, "Connect to the master"]',
      ),
      killer: inUnit(
        "busy-or-outage",
        "an error of Redis' > that passes is waited out: READONLY You can't write against a read only replica.",
      ),
    },
    {
      name: "loss-swallowed",
      bug: "request passes off as protected what was done after the loss",
      edits: edit("src/create-locks.ts", "if (lost) throw lostError(name, lost, result);\n", ""),
      killer: inUnit(
        "request",
        "the lock was lost before the callback returned > normally: a LockLostError holds what it returned",
      ),
    },
    {
      name: "release-error-replaces-result",
      bug: "a failed release replaces the callback's result",
      edits: edit(
        "src/open-lease.ts",
        "      await discard();\n      // A clock",
        "      await release();\n      // A clock",
      ),
      killer: inUnit(
        "request",
        "what the callback does passes through > though the release fails: that is reported to onEvent only",
      ),
    },
    {
      name: "handler-breaks-lock",
      bug: "an onEvent that throws breaks what it was told of",
      edits: edit(
        "src/create-locks.ts",
        "await onEvent(event);\n        } catch {}",
        "await onEvent(event);\n        } finally {}",
      ),
      killer: inUnit("events", "an onEvent that throws changes nothing"),
    },
    {
      name: "errors-by-instanceof",
      bug: "errors of another copy of the package are not known: instanceof is false for them",
      edits: edit("src/errors.ts", "return ours === true &&", "return ours === true && error instanceof LockError &&"),
      killer: inUnit(
        "errors",
        "another copy of the package > loaded twice in this one: either knows the other's errors",
      ),
    },
  ],
};
