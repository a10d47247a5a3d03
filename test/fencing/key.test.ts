import Redis from "ioredis";
import { afterAll, expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { FencedKey, StaleFenceError } from "../../examples/fencing/fenced-key.ts";
import { holders } from "./holders.ts";

const client = new Redis(inject("redisUrl"));
const key = `${inject("redisPrefix")}fenced`;
const fenced = () => new FencedKey(ioredis(client), key);

afterAll(async () => {
  await client.del(key);
  await client.quit();
});

test("without the check a stale holder's write gets through", async () => {
  const { current, stale } = await holders();
  await client.set(key, `written with ${current.fence}`);
  await client.set(key, `written with ${stale.fence}`);
  expect(await client.get(key)).toBe(`written with ${stale.fence}`);
  await client.del(key);
});

test("a stale holder's write is refused, and says by what", async () => {
  const { current, stale } = await holders();
  await fenced().write(stale.fence, "early");
  await fenced().write(current.fence, "later");
  const refused = await fenced()
    .write(stale.fence, "late")
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StaleFenceError);
  expect(refused).toMatchObject({ fence: stale.fence, seen: current.fence });
  expect(await fenced().read(current.fence)).toBe("later");
  await fenced().write(current.fence, "again");
  expect(await fenced().read(current.fence)).toBe("again");
  await client.del(key);
});

test("a holder that has read is ahead of every earlier one: nothing is lost between its reading and its writing", async () => {
  const { current, stale } = await holders();
  await fenced().write(stale.fence, "41");
  const read = Number(await fenced().read(current.fence));
  await expect(fenced().write(stale.fence, "42")).rejects.toThrow(StaleFenceError);
  await expect(fenced().read(stale.fence)).rejects.toThrow(StaleFenceError);
  await fenced().write(current.fence, String(read + 1));
  expect(await fenced().read(current.fence)).toBe("42");
  await client.del(key);
});

test("an empty text keeps the fence, a deleted key has forgotten it", async () => {
  const { current, stale } = await holders();
  await fenced().write(current.fence, "later");
  await fenced().write(current.fence, "");
  await expect(fenced().write(stale.fence, "late")).rejects.toThrow(StaleFenceError);
  expect(await client.pttl(key)).toBe(-1);
  await client.del(key);
  await fenced().write(stale.fence, "late");
  expect(await fenced().read(current.fence)).toBe("late");
  await client.del(key);
});

test("a key that has not seen the later holder accepts the earlier one; each key refuses by what it has seen", async () => {
  const { current, stale } = await holders();
  const other = new FencedKey(ioredis(client), `${key}:other`);
  await other.write(current.fence, "later");
  await fenced().write(stale.fence, "early");
  await expect(other.write(stale.fence, "late")).rejects.toThrow(StaleFenceError);
  expect(await fenced().read(stale.fence)).toBe("early");
  await client.del(key, `${key}:other`);
});

test("fences are compared exactly, up to the largest, and what is no fence is refused", async () => {
  const largest = Number.MAX_SAFE_INTEGER;
  await fenced().write(largest, "largest");
  await expect(fenced().write(largest - 1, "one less")).rejects.toThrow(StaleFenceError);
  for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 53, undefined as unknown as number]) {
    await expect(fenced().write(wrong, "wrong")).rejects.toThrow(TypeError);
  }
  expect(await fenced().read(largest)).toBe("largest");
  await client.del(key);
});
