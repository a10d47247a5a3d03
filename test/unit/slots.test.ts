import { afterAll, expect, inject, test } from "vitest";
import { slotOf } from "../../adapters/support/slot.ts";
import { respClient } from "../support/resp.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const AUXILIARY = ["fence.7t5:", "queue.b0v5:", "result.qdb:", "alive.dcr7:"];
const PARTS = ["{", "}", "{}", "{a}", "a", "lock:", "}{", "é", "🔒", " ", "\n", "\0", ":", "user", "*", "0"];
const KEYS = 5_000;

const [node] = inject("clusterNodes");
const cluster = respClient(`redis://${node?.host}:${node?.port}`);
afterAll(() => cluster.close());

function keySlots(keys: string[]): Promise<unknown[]> {
  return cluster.sendAll(keys.map((key) => ["CLUSTER", "KEYSLOT", key]));
}

/** Texts in which every way to nest, repeat and leave open a brace turns up. */
function randomKeys(seed: number): string[] {
  const { random } = virtualClock(seed);
  const part = () => PARTS[Math.floor(random() * PARTS.length)];
  return Array.from({ length: KEYS }, () => Array.from({ length: 1 + Math.floor(random() * 8) }, part).join(""));
}

test.each(AUXILIARY)("a key after %s is in the slot of the key alone, whatever its braces", async (prefix) => {
  const keys = randomKeys(prefix.length);
  const alone = await keySlots(keys);
  expect(await keySlots(keys.map((key) => prefix + key))).toEqual(alone);
  expect(keys.map(slotOf)).toEqual(alone);
  expect(new Set(alone).size).toBeGreaterThan(1000);
});

test("the check can fail: a hash tag around the key changes the slot of most of them", async () => {
  const keys = randomKeys(5);
  const [alone, tagged] = await Promise.all([keySlots(keys), keySlots(keys.map((key) => `{${key}}:fence`))]);
  expect(alone.filter((slot, index) => slot !== tagged[index]).length).toBeGreaterThan(KEYS / 4);
});
