import fc from "fast-check";
import Redis from "ioredis";
import { afterAll, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { createLocks } from "../../src/index.ts";
import { AUXILIARY } from "../../src/keys.ts";
import { fuzz } from "../support/fuzz.ts";
import { text, value } from "./arbitraries.ts";
import { assertInside, ending, watched } from "./watch.ts";

const bytes = (name: string) => new TextEncoder().encode(name).length;

/** Whether it comes back from UTF-8 as it was, which half a surrogate pair does not. */
const isUnicode = (name: string) =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(name)) === name;

/** The rule as the documentation has it. */
function isName(name: unknown, prefix: string): name is string {
  if (typeof name !== "string" || name === "" || bytes(name) > 1024) return false;
  return isUnicode(name) && !AUXILIARY.some((auxiliary) => (prefix + name).startsWith(auxiliary));
}

const isPrefix = (prefix: string) => isUnicode(prefix) && bytes(prefix) <= 1024;

const redis = new Redis(inject("redisUrl"));
afterAll(() => redis.quit());

test("any name is one key of its own inside the prefix, or refused with nothing sent", {
  timeout: 300_000,
}, async () => {
  await fuzz(
    30_000,
    fc.tuple(fc.oneof(text, value), fc.constantFrom("lock:", "", "a*", "fence.")),
    async ([name, prefix]) => {
      const world = watched();
      const locks = createLocks(world.transport, { clock: world.clock, prefix });
      const valid = isName(name, prefix);
      const { value: lease, error } = await ending(world, 0, () => locks.tryAcquire(name as string), "OPTIONS");
      if (!valid) {
        expect([error?.name, world.sent.length]).toEqual(["LockOptionsError", 0]);
        return;
      }
      expect(world.sent.map(({ keys }) => keys)).toEqual([[prefix + name, `fence.7t5:${prefix}${name}`]]);
      expect(lease?.name).toBe(name);
      const listed: string[] = [];
      for await (const each of locks.list()) listed.push(each.name);
      expect(listed).toContain(name);
      expect(await lease?.release()).toBe(true);
      assertInside(world, prefix);
    },
  );
});

test("on Redis a prefix is no pattern and no script: list() tells its own, and nobody else's", {
  timeout: 300_000,
}, async () => {
  // Other files have keys on the same server, and an empty prefix is tried too.
  const base = `${inject("redisPrefix")}fuzz:`;
  const transport = ioredis(redis);
  const nameOf = text.filter((name) => isName(name, base));
  await fuzz(1_000, fc.tuple(text.filter(isPrefix), text.filter(isPrefix), nameOf), async ([one, two, name]) => {
    fc.pre(one !== two && isPrefix(base + one) && isPrefix(base + two));
    const ours = createLocks(transport, { prefix: base + one });
    const theirs = createLocks(transport, { prefix: base + two });
    const leases = [await ours.acquire(name), ...(one + name === `${two}z` ? [] : [await theirs.acquire("z")])];
    const listed: string[] = [];
    for await (const each of ours.list()) listed.push(each.name);
    const expected = [one + name, `${two}z`].filter((key) => key.startsWith(one)).map((key) => key.slice(one.length));
    expect(listed.sort()).toEqual([...new Set(expected)].sort());
    expect((await ours.query(name)).held).toBe(true);
    for (const lease of leases) expect(await lease.release()).toBe(true);
    await redis.del(leases.length ? [`fence.7t5:${base}${one}${name}`, `fence.7t5:${base}${two}z`] : []);
  });
});
