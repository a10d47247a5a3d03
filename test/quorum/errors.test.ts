import { inspect } from "node:util";
import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type LockEvent, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { failsWith, noUnhandledRejections } from "../support/outcome.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";
import { hanging } from "./support/slow.ts";

noUnhandledRejections();

/** A client whose errors repeat the whole command, and where it was sent. */
function talkative(secret: string): Transport {
  const fail = (args: readonly string[]) =>
    Promise.reject(new Error(`EVAL ${args.join(" ")} to redis://user:${secret}@host:6379, Bearer ${secret}`));
  return {
    set: (key, value) => fail([key, value]),
    eval: (_, keys, args) => fail([...keys, ...args]),
  };
}

function stage(clock: VirtualClock) {
  const events: LockEvent[] = [];
  const tokens = new Set<string>();
  const spy: Transport = {
    set: (_, value) => Promise.reject(tokens.add(value)),
    eval(_, __, [token = ""]) {
      if (/^t[\w-]{22}/.test(token)) tokens.add(token.slice(0, 23));
      return Promise.reject(new Error(`the token was ${token}`));
    },
  };
  const stores = [talkative("pass-word"), memory({ clock }), hanging(), spy];
  const onEvent = (event: LockEvent) => void events.push(event);
  const locks = createLocks(quorum(stores), { clock, onEvent, wait: "2s", ttl: "1m", owner: "owner" });
  return { locks, events, tokens };
}

test.each(["tryAcquire", "acquire", "query", "forceRelease"] as const)(
  "%s: each store that failed says why, by position, and no secret",
  async (method) => {
    const clock = virtualClock();
    const { locks, events, tokens } = stage(clock);
    const error = await clock.runUntilSettled(failsWith("BACKEND", locks[method]("x")));
    // Nobody waits for a third answer to a vote that two have lost.
    const positions = method.endsWith("cquire") ? [0, 3] : [0, 2, 3];
    expect(error.errors.map((each) => (each as { position?: number }).position)).toEqual(positions);
    expect(error.errors.every((each) => each instanceof Error)).toBe(true);
    const said = {
      0: /^EVAL .* to redis:\/\/<secret>@host:6379, Bearer <secret>@$/,
      2: /^no answer/,
      3: /^the token was /,
    };
    for (const [index, position] of positions.entries())
      expect(error.errors[index]?.message).toMatch(said[position as keyof typeof said]);
    const list = positions.map((at) => `\\[${at}\\] .*`).join("; ");
    expect(error.message).toMatch(new RegExp(`"x": ${positions.length} of 4 stores failed: ${list}`));
    await clock.runUntilSettled(locks.close());

    const shown = [error, error.errors, error.cause, events, JSON.stringify([error, error.errors, events])]
      .map((each) => inspect(each, { depth: 9, showHidden: true }))
      .join("\n");
    expect(shown).not.toContain("pass-word");
    for (const token of tokens) expect(shown).not.toContain(token);
    if (method.endsWith("cquire")) expect(tokens.size).toBeGreaterThan(0);
  },
);

test("a failed renewal, release and clean-up are told with each store's own error", async () => {
  const clock = virtualClock();
  let down = false;
  const stores = [0, 1, 2].map((): Transport => {
    const { set, eval: run } = memory({ clock });
    return {
      set,
      eval: (...command) => (down ? Promise.reject(new Error(`down: ${command[2][0]}`)) : run(...command)),
    };
  });
  const events: LockEvent[] = [];
  const onEvent = (event: LockEvent) => void events.push(event);
  const locks = createLocks(quorum(stores), { clock, onEvent, ttl: "30s" });
  const lease = await clock.runUntilSettled(locks.acquire("x", { renew: true }));
  down = true;
  await clock.advance(12_000);
  const released = await clock.runUntilSettled(failsWith("BACKEND", lease.release()));
  expect(released.errors.map((each) => (each as { position?: number }).position)).toEqual([0, 1, 2]);
  await clock.runUntilSettled(locks.close());
  const failed = events.filter(({ type }) => type === "failed");
  expect(new Set(failed.map(({ during }) => during))).toContain("renew");
  for (const { error } of failed) expect(error).toMatchObject({ code: "BACKEND" });
  expect(inspect([events, released], { depth: 9 })).not.toContain(lease.token.slice(0, 23));
});
