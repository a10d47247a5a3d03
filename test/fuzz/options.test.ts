import fc from "fast-check";
import { expect, test } from "vitest";
import { createLocks, type Locks } from "../../src/index.ts";
import { fuzz } from "../support/fuzz.ts";
import { value } from "./arbitraries.ts";
import { assertInside, ending, type Watched, watched } from "./watch.ts";

const DAY = 86_400_000;

const KNOWN = [
  ...["ttl", "wait", "maxAttempts", "retry", "commandTimeout", "renew", "maxHold", "minHold", "fair", "fence", "owner"],
  ...["waitUntil", "mode", "steal", "ifAvailable", "prefix", "onEvent"],
];

/** Options of any names with any values; most have one that could be right. */
const options = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...KNOWN) },
        fc.constantFrom("", "Ttl", "__proto__", "constructor", "0"),
      ),
      value,
    ),
    { maxLength: 3 },
  )
  .map((entries) => Object.fromEntries(entries) as object);

/** Every place that takes options. */
const PLACES: Record<string, (world: Watched, locks: Locks, options: object) => unknown> = {
  createLocks: ({ transport, clock }, _, options) => createLocks(transport, { clock, ...options }).tryAcquire("x"),
  withOptions: (_, locks, options) => locks.withOptions(options).tryAcquire("x"),
  tryAcquire: (_, locks, options) => locks.tryAcquire("x", options),
  acquire: (_, locks, options) => locks.acquire("x", options),
  request: (_, locks, options) => locks.request("x", options, () => undefined),
  wrap: (_, locks, options) => locks.wrap(() => undefined, { name: "x", ...options })(),
  restore: (_, locks, options) => locks.restore({ name: "x", token: `t${"a".repeat(22)}` }, options).verify(),
};

test("options of any kind are taken or refused: nothing else is thrown, sent or left", {
  timeout: 300_000,
}, async () => {
  await fuzz(25_000, fc.tuple(fc.constantFrom(...Object.keys(PLACES)), options), async ([place, given]) => {
    const world = watched();
    const locks = createLocks(world.transport, { clock: world.clock });
    const { error } = await ending(world, 0, () => PLACES[place]?.(world, locks, given), "OPTIONS");
    if (error) {
      expect(world.sent).toEqual([]);
      expect(error.message.length).toBeLessThan(3000);
    }
    const { prefix } = given as { prefix?: string | null };
    assertInside(world, place === "createLocks" ? (prefix ?? "lock:") : "lock:");
    for (const { pttl } of world.store.entries()) {
      expect(Number.isInteger(pttl) && pttl > 0 && pttl < 4e15, `a key that lives for ${pttl} ms`).toBe(true);
    }
    await world.clock.advance(3 * DAY);
    const left = world.store.entries().filter(({ key }) => !key.startsWith("fence."));
    if (!("maxHold" in given) && !("renew" in given)) expect(left).toEqual([]);
  });
});

test("a duration of any kind, given to extend and close, is taken or refused", { timeout: 300_000 }, async () => {
  await fuzz(8_000, fc.tuple(value, value), async ([ttl, grace]) => {
    const world = watched();
    const locks = createLocks(world.transport, { clock: world.clock });
    const lease = await locks.acquire("x");
    const before = lease.expiresAt;
    const { value: until } = await ending(world, 0, () => lease.extend(ttl as number), "OPTIONS");
    if (until !== undefined) expect(until).toBeGreaterThanOrEqual(before);
    const sent = world.sent.length;
    const { error } = await ending(world, DAY, () => locks.close({ grace: grace as number }), "OPTIONS");
    if (error) expect(world.sent.length).toBe(sent);
    else expect([lease.held, world.clock.pending.count]).toEqual([false, 0]);
  });
});
