import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { virtualClock } from "../support/virtual-clock.ts";

/** A server whose clock is set apart from its clients'. */
function server(): { store: ReturnType<typeof memory>; clock: ReturnType<typeof virtualClock>; set(ms: number): void } {
  const clock = virtualClock();
  let ahead = 0;
  const store = memory({ clock: { now: () => clock.now() + ahead } });
  return {
    store,
    clock,
    set(ms) {
      ahead = ms;
    },
  };
}

test("fences grow although the server's clock goes back", async () => {
  const { store, clock, set } = server();
  const locks = createLocks(store, { clock });
  const fences: number[] = [];
  for (const ahead of [0, 60_000, 0, -60_000, -3_600_000, 0]) {
    set(ahead);
    await locks.request("x", ({ fence }) => void fences.push(fence));
  }
  expect(fences).toEqual([...fences].sort((a, b) => a - b));
  expect(new Set(fences).size).toBe(6);
});

test("fences grow although the server loses everything, while its clock goes on", async () => {
  const clock = virtualClock();
  const first = await createLocks(memory({ clock }), { clock }).acquire("x");
  await clock.advance(1);
  const second = await createLocks(memory({ clock }), { clock }).acquire("x");
  expect(second.fence).toBeGreaterThan(first.fence);
});
