import { expect, inject, test } from "vitest";
import { conformance } from "../conformance/index.ts";
import { bun } from "../support/bun.ts";

interface Outcome {
  name: string;
  failure: string | null;
}

/** The whole suite in one Bun process, which is started by the first test. */
const outcomes = bun("conformance.ts", inject("redisUrl"), inject("redisPrefix")).ended.then((lines) => {
  return new Map(lines.map((line) => JSON.parse(line) as Outcome).map(({ name, failure }) => [name, failure]));
});

let count = 0;
conformance({
  test(name) {
    count++;
    test.concurrent(name, async () => {
      expect((await outcomes).get(name)).toBe(null);
    });
  },
  transport: () => Promise.reject(new Error("the tests run in Bun")),
  commands: () => Promise.reject(new Error("the tests run in Bun")),
});

test("Bun ran every test", async () => {
  expect((await outcomes).size).toBe(count);
});
