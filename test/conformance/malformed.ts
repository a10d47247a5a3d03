import { equal, fails, ok } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { asIs, first, type Pass, tap } from "./wire.ts";

/** What proxies and clients have been seen to make of a reply, instead of handing it back. */
const MANGLED: Record<string, (reply: unknown) => unknown> = {
  "nothing at all": () => undefined,
  null: () => null,
  true: () => true,
  "a number": () => 1,
  "an empty text": () => "",
  "OK where an array should be": () => "OK",
  HTML: () => "<html><body>502 Bad Gateway</body></html>",
  "the word Aborted": () => "Aborted",
  "an empty object": () => ({}),
  "an empty array": () => [],
  "the array as JSON": (reply) => JSON.stringify(reply),
  "the array as text": (reply) => String(reply),
  "the array in an array": (reply) => [reply],
  "an object with the array's entries": (reply) => ({ ...(reply as object) }),
  "the first entry alone": (reply) => [(reply as unknown[])[0]],
  "all entries but the last": (reply) => (reply as unknown[]).slice(0, -1),
  "one entry more": (reply) => [...(reply as unknown[]), 1],
  "entries in reverse": (reply) => [...(reply as unknown[])].reverse(),
  "entries that are null": (reply) => (reply as unknown[]).map(() => null),
  "capital letters": (reply) => JSON.parse(JSON.stringify(reply).toUpperCase()),
};

const NOT_OK: readonly unknown[] = [undefined, true, false, 0, 1, "", "ok", "QUEUED", "Aborted", "+OK", ["OK"], [], {}];

const mangled =
  (mangle: (reply: unknown) => unknown): Pass =>
  async (request) =>
    mangle(await request());

/** Malformed is not granted. */
export function malformed(scenario: Scenario): void {
  for (const [what, mangle] of Object.entries(MANGLED)) {
    scenario(
      `${what}: no grant, and nothing left behind`,
      async ({ transport, open, isFree, waitUntil, cleanedUp }) => {
        const wire = tap(transport, first(mangled(mangle)));
        await fails(
          open(wire.transport).tryAcquire("a", { waitUntil }),
          "BACKEND",
          `tryAcquire() that is answered ${what}`,
        );
        await cleanedUp();
        await isFree("a", "after the clean-up");
        const impatient = open(tap(transport, mangled(mangle)).transport, { commandTimeout: "300ms" });
        await fails(impatient.query("a"), "BACKEND", `query() that is answered ${what}`);
      },
    );
  }

  scenario(
    "set answers what is neither OK nor null: no grant",
    async ({ transport, open, isFree, waitUntil, cleanedUp }) => {
      for (const answer of NOT_OK) {
        const wire = tap(transport, first(mangled(() => answer)));
        const call = open(wire.transport, { fence: false }).tryAcquire("a", { waitUntil });
        await fails(call, "BACKEND", `tryAcquire() whose set() is answered ${JSON.stringify(answer)}`);
        await cleanedUp();
        await isFree("a", "after the clean-up");
      }
    },
  );

  scenario("a wait goes on after a malformed answer, with the same token", async ({ transport, open, isFree }) => {
    const wire = tap(transport, first(mangled(() => "<html>")));
    const lease = await open(wire.transport).acquire("a", { wait: "20s" });
    equal(await lease.verify(), true, "verify()");
    equal(await lease.release(), true, "release()");
    await isFree("a", "after the release");
  });

  scenario("a wait whose answers are all malformed is an outage", async ({ transport, open }) => {
    const wire = tap(
      transport,
      mangled(() => ["busy"]),
    );
    const locks = open(wire.transport, { commandTimeout: "1s" });
    await fails(locks.acquire("a", { wait: "200ms" }), "BACKEND", "acquire() with malformed answers");
    wire.pass = asIs;
  });

  scenario("a malformed answer neither extends nor loses a lease", async ({ transport, open, isTaken }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport, { commandTimeout: "1s" }).acquire("a", { ttl: "20s" });
    const deadline = lease.expiresAt;
    wire.pass = async () => "<html>";
    await fails(lease.extend("60s"), "BACKEND", "extend() with malformed answers");
    await fails(lease.verify(), "BACKEND", "verify() with malformed answers");
    ok(Math.abs(lease.expiresAt - deadline) < 1000, "expiresAt changed");
    equal(lease.held, true, "held");
    wire.pass = asIs;
    await isTaken("a", "after the malformed answers");
    equal(await lease.release(), true, "release()");
  });

  scenario("a release with malformed answers is not reported as done", async ({ transport, open }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport).acquire("a", { ttl: "1s" });
    wire.pass = async () => ["freed"];
    await fails(lease.release(), "BACKEND", "release() with malformed answers");
  });
}
