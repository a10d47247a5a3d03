import { expect, test } from "vitest";
import { bench, lockKeys, rejection } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY, type Treatment } from "../support/wire.ts";

test.each<[string, Treatment]>([
  ["does not arrive", BLACK_HOLE],
  ["is broken off", { intercepted: "<html>502</html>" }],
  ["meets a server that is loading", { refuses: new Error("LOADING Redis is loading the dataset in memory") }],
])("a clean-up that %s is tried again until it is answered", async (_, treatment) => {
  const { clock, locks, network, store, events } = bench({ commandTimeout: "1s" });
  network.treat = ({ command, nth }) =>
    command === "acquire" ? LOST_REPLY : command === "release" && nth <= 3 ? treatment : undefined;
  await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
  expect(lockKeys(store)).toEqual(["lock:x"]);
  await clock.advance(10_000);
  expect(network.sent("release")).toBe(4);
  expect(lockKeys(store)).toEqual([]);
  expect(events.filter(({ type }) => type === "failed").map(({ during }) => during)).toEqual(["acquire"]);
  expect(clock.pending.count).toBe(0);
});
