import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { answersAfter, hanging } from "./support/slow.ts";

test("query knows the fence, also where a store that granted late has a larger one, and answers first", async () => {
  const clock = virtualClock();
  const [near, far, late] = [memory({ clock }), memory({ clock }), memory({ clock })];
  const over = (first: number, second: number, third: number) =>
    createLocks(
      quorum([answersAfter(clock, first, near), answersAfter(clock, second, far), answersAfter(clock, third, late)]),
      { clock },
    );
  const lease = await clock.runUntilSettled(over(1, 1, 50).acquire("x"));
  await clock.advance(1000);
  const snapshot = await clock.runUntilSettled(over(1, 50, 1).query("x"));
  expect(snapshot.holders.map(({ fence }) => fence)).toEqual([lease.fence]);
});

test("it does without where that cannot be known, and says who holds the lock all the same", async () => {
  const clock = virtualClock();
  const [near, far, late] = [memory({ clock }), memory({ clock }), memory({ clock })];
  const all = [near, far, late].map((store, at) => answersAfter(clock, at < 2 ? 1 : 50, store));
  await clock.runUntilSettled(createLocks(quorum(all), { clock, owner: "me" }).acquire("x"));
  await clock.advance(1000);
  const some = createLocks(quorum([near, hanging(), late]), { clock });
  const snapshot = await clock.runUntilSettled(some.query("x"));
  expect(snapshot).toMatchObject({ held: true, holders: [{ owner: "me", fence: undefined }] });
});
