import { expect, test } from "vitest";
import { bench, lockKeys, rejection } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";

test("a name that changes hands faster than it can be freed is given up after the time of one command", async () => {
  const { clock, locks, rival, network } = bench({ commandTimeout: "1s" });
  network.treat = ({ command }) => {
    // The rival hands it on between the question and the take-over.
    if (command === "force") void rival.forceRelease("x").then(() => rival.acquire("x"));
    return { arrives: 20, answers: 20 };
  };
  await rival.acquire("x");
  const began = clock.monotonic();
  const error = await clock.runUntilSettled(rejection(locks.forceRelease("x")));
  expect(error).toMatchObject({ code: "TIMEOUT", lockName: "x" });
  expect(clock.monotonic() - began).toBeLessThan(1200);
  await clock.advance(60_000);
  expect(clock.pending.count).toBe(0);
});

test.each([
  ["the release after it is not answered", "release", LOST_REPLY],
  ["the release after it does not arrive", "release", BLACK_HOLE],
  ["the take-over is executed and not answered", "force", LOST_REPLY],
] as const)("leaves no holder that nobody is, when %s", async (_, command, treatment) => {
  const { clock, locks, rival, network, store } = bench({ commandTimeout: "1s" });
  await rival.acquire("x", { ttl: "10m" });
  network.treat = (call) => (call.command === command ? treatment : undefined);
  expect(await clock.runUntilSettled(rejection(locks.forceRelease("x")))).toMatchObject({ code: "BACKEND" });
  network.treat = () => undefined;
  await clock.advance(5000);
  expect(lockKeys(store)).toEqual([]);
});
