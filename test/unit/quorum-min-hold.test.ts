import { expect, test } from "vitest";
import { holdersOf, quorumBench, treat } from "../support/quorum-bench.ts";

test("a store that has to be asked again to release keeps the name for minHold like the others", async () => {
  const all = quorumBench({ minHold: "60s" });
  const lease = await all.locks.acquire("x");
  let asked = 0;
  treat(all, ({ command }) =>
    command === "give" && asked++ === 0
      ? { refuses: new Error("LOADING Redis is loading the dataset in memory") }
      : undefined,
  );
  expect(await lease.release()).toBe(true);
  await all.clock.advance(5000);
  expect(asked).toBeGreaterThan(1);
  expect(holdersOf(all)).toEqual(Array(3).fill(`.${lease.token}`));
  await all.clock.advance(56_000);
  expect(holdersOf(all)).toEqual(["", "", ""]);
});
