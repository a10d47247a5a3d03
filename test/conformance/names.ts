import { equal, fails, includes } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { tap } from "./wire.ts";

const NAMES: readonly (readonly [what: string, name: string])[] = [
  ["a space", " "],
  ["spaces at the ends", " a b "],
  ["a hash tag", "{user:1}:lock"],
  ["an empty hash tag", "{}x}"],
  ["braces that open and do not close", "{{a"],
  ["braces that close first", "}{"],
  ["nested braces", "{a{b}c}"],
  ["quotes and a backslash", `"it's" \\n \`$\``],
  ["a newline, a tab and a NUL", "a\r\n\tb\0c"],
  ["letters of other alphabets", "żółć 鎖 قفل"],
  ["characters beyond 16 bits", "🔒👩‍🔧"],
  ["a pattern", "*?[a-z]^"],
  ["a number", "42"],
  ["JSON", '{"a":[1,null]}'],
  ["an option of Redis", "NX"],
  ["1,024 bytes", "x".repeat(1024)],
  ["1,024 bytes of wide characters", `${"鎖".repeat(341)}x`],
];

const REFUSED: readonly (readonly [what: string, name: unknown])[] = [
  ["empty", ""],
  ["of 1,025 bytes", "x".repeat(1025)],
  ["of 1,026 bytes in 342 characters", "鎖".repeat(342)],
  ["with half a surrogate pair", "a\ud800"],
  ["that is no text", 42],
];

/** Any text of 1 to 1,024 bytes. */
export function names(scenario: Scenario): void {
  for (const [what, name] of NAMES) {
    scenario(`${what} works`, async ({ locks, others, isTaken, isFree }) => {
      const lease = await locks.acquire(name, { ttl: "20s" });
      equal(lease.name, name, "the lease's name");
      await isTaken(name, "while it is held");
      await isFree(`${[...name].slice(1).join("")}-`, "another name");
      const snapshot = await others.query(name);
      equal(snapshot.name, name, "the snapshot's name");
      equal(snapshot.holders[0]?.fence, lease.fence, "the fence that query() tells");
      await lease.extend("30s");
      equal(await lease.verify(), true, "verify()");
      equal(await lease.release(), true, "release()");
      await isFree(name, "after the release");
    });
  }

  for (const [what, name] of REFUSED) {
    scenario(`a name ${what} is refused, and nothing is sent`, async ({ transport, open }) => {
      const wire = tap(transport);
      const locks = open(wire.transport);
      const wrong = name as string;
      const error = await fails(locks.acquire(wrong), "OPTIONS", "acquire() with that name");
      includes(error.message, "name", "the message");
      await fails(locks.tryAcquire(wrong), "OPTIONS", "tryAcquire() with that name");
      await fails(
        locks.request(wrong, () => {}),
        "OPTIONS",
        "request() with that name",
      );
      await fails(locks.query(wrong), "OPTIONS", "query() with that name");
      await fails(locks.forceRelease(wrong), "OPTIONS", "forceRelease() with that name");
      equal(wire.requests.length, 0, "requests sent");
    });
  }
}
