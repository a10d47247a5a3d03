import type { Transport } from "../../src/transport.ts";
import { equal, ok, rejection } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { stopwatch, until } from "./time.ts";
import { tap } from "./wire.ts";

const put = (transport: Transport, key: string, px: number, value = "somebody") =>
  transport.set(key, value, { nx: true, px });

/** The two calls by themselves: what fails here explains what fails further down. */
export function port(scenario: Scenario): void {
  scenario('set answers "OK" for a free key and null for a taken one', async ({ transport, other, prefix, locks }) => {
    equal(await put(transport, `${prefix}a`, 20_000), "OK", "set() of a free key");
    equal(await put(transport, `${prefix}a`, 20_000, "another"), null, "set() of a taken key");
    equal(await put(other, `${prefix}a`, 20_000), null, "set() of a taken key by a second client");
    equal(await put(transport, `${prefix}b`, 20_000), "OK", "set() of a second free key");
    for (const name of ["a", "b"]) await locks.forceRelease(name);
  });

  scenario("set's px is how many milliseconds the key lives", async ({ transport, prefix, locks }) => {
    const elapsed = stopwatch();
    await put(transport, `${prefix}a`, 5000);
    const { remaining } = await locks.query("a");
    await locks.forceRelease("a");
    ok(remaining <= 5000, `a key that was set with px: 5000 has ${remaining} ms left`);
    ok(remaining >= 5000 - elapsed() - 200, `a key that was set with px: 5000 has only ${remaining} ms left`);
  });

  scenario("a key that was set is gone after px", async ({ transport, prefix, locks }) => {
    try {
      await put(transport, `${prefix}a`, 100);
      await until(async () => !(await locks.query("a")).held, "the key with px: 100 did not expire");
      equal(await put(transport, `${prefix}a`, 5000), "OK", "set() of a key that has expired");
    } finally {
      await locks.forceRelease("a");
    }
  });

  scenario(
    "set stores the value as it is, and eval brings it back",
    async ({ transport, other, prefix, locks, open }) => {
      for (const [index, label] of [
        "plain",
        ' "quoted" \\ ',
        "naïve ☃ 🔒",
        "two\nlines\r\n\0",
        "12345",
        "{}[]null",
      ].entries()) {
        const name = String(index);
        const token = `t${"0123456789-_abcdefghij"} ${label}`;
        await put(transport, prefix + name, 20_000, token);
        const snapshot = await open(other).query(name);
        equal(snapshot.holders[0]?.owner, label, "the label inside a value that was set");
        ok(
          await locks.restore({ name, token }).release(),
          `the value ${JSON.stringify(token)} did not come through unchanged`,
        );
      }
    },
  );

  scenario("eval brings back arrays, of texts and integers", async ({ transport, open }) => {
    const replies: unknown[] = [];
    const { transport: tapped } = tap(transport, async (request) => {
      const reply = await request();
      replies.push(reply);
      return reply;
    });
    // What is wrong with the reply is said below.
    await open(tapped, { commandTimeout: "8s" })
      .query("a")
      .catch(() => {});
    const [reply] = replies;
    const shown = JSON.stringify(reply);
    ok(Array.isArray(reply), `eval() of a script that returns an array answered ${shown}, which is none`);
    const entries = reply.every((entry) => typeof entry === "string" || Number.isSafeInteger(entry));
    ok(entries, `eval() of a script that returns texts and integers answered ${shown}`);
  });

  scenario("eval rejects when the server refuses the script", async ({ transport, prefix }) => {
    const error = await rejection(transport.eval("this is no Lua", [`${prefix}a`], []), "eval() of what is no script");
    ok(
      error instanceof Error && error.message,
      "eval() of what is no script has to reject with an Error that has a message",
    );
  });

  scenario("requests at the same time get their own answers", async ({ transport, prefix, locks }) => {
    const keys = Array.from({ length: 20 }, (_, index) => String(index));
    for (const key of keys.filter((_, index) => index % 2)) await put(transport, prefix + key, 20_000);
    const answers = await Promise.all(keys.map((key) => put(transport, prefix + key, 20_000)));
    const snapshots = await Promise.all(keys.map((key) => locks.query(key)));
    for (const [index, key] of keys.entries()) {
      equal(answers[index], index % 2 ? null : "OK", `the answer to set() ${key} of 20 at the same time`);
      equal(snapshots[index]?.held, true, `whether the key of set() ${key} is there`);
    }
    await Promise.all(keys.map((key) => locks.forceRelease(key)));
  });

  scenario("deleteIf, where there is one, deletes only the value that it was given", async (stage) => {
    const { transport, prefix, isTaken, isFree } = stage;
    // Wrong answers are caught; an error is not, since the core then asks by script.
    const deleteIf = async (value: string) => transport.deleteIf?.(`${prefix}a`, value).catch(() => undefined);
    const lease = await stage.locks.acquire("a");
    ok((await deleteIf("somebody")) !== 1, "deleteIf() of another value answered 1");
    ok((await deleteIf(lease.token.slice(0, -1))) !== 1, "deleteIf() of the beginning of the value answered 1");
    await isTaken("a", "deleteIf() of another value");
    if ((await deleteIf(lease.token)) === 1) await isFree("a", "deleteIf() answered 1");
    else await isTaken("a", "deleteIf() did not answer 1");
  });
}
