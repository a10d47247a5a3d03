import { expect, test } from "vitest";
import { type Contestant, interleave, known, series, shuffler } from "../../bench/support/interleave.ts";

function recorder() {
  const order: string[] = [];
  const contestant = (name: string, more: Partial<Contestant> = {}): Contestant => ({
    name,
    async turn() {
      order.push(name);
      return { ms: order.length };
    },
    ...more,
  });
  return { order, contestant };
}

test("everyone has one turn in every round, and the warm-up does not count", async () => {
  const { order, contestant } = recorder();
  const played = await interleave(
    ["a", "b", "c"].map((name) => contestant(name)),
    { rounds: 20, warmUp: 3 },
  );
  expect(order).toHaveLength(23 * 3);
  const rounds = Array.from({ length: 23 }, (_, round) => order.slice(round * 3, round * 3 + 3));
  for (const round of rounds) expect([...round].sort()).toEqual(["a", "b", "c"]);
  expect(new Set(rounds.map(String)).size).toBe(6);
  expect(series(played.get("a"), "ms")).toHaveLength(20);
  expect(Math.min(...known(series(played.get("a"), "ms")))).toBeGreaterThan(9);
});

test("the order differs from round to round, and not from run to run", () => {
  const items = ["a", "b", "c", "d"];
  const orders = (seed: number) => {
    const shuffle = shuffler(seed);
    return Array.from({ length: 200 }, () => shuffle(items).join(""));
  };
  expect(orders(1)).toEqual(orders(1));
  const first = orders(1).filter((order) => order.startsWith("a")).length;
  expect(first).toBeGreaterThan(25);
  expect(first).toBeLessThan(75);
  expect(new Set(orders(1)).size).toBe(24);
});

test("who takes seconds for a turn takes part in a few rounds, and is not warmed up", async () => {
  const { order, contestant } = recorder();
  const slow = contestant("slow", { turns: 2 });
  const played = await interleave([contestant("quick"), slow], { rounds: 10, warmUp: 5 });
  expect(order.filter((name) => name === "slow")).toHaveLength(2);
  expect(known(series(played.get("slow"), "ms"))).toHaveLength(2);
  expect(known(series(played.get("quick"), "ms"))).toHaveLength(10);
});

test("a turn that fails is counted, and its round has no figure", async () => {
  const { contestant } = recorder();
  let turns = 0;
  const unlucky: Contestant = {
    name: "unlucky",
    async turn() {
      if (++turns === 2) throw new Error("not now");
      return { ms: turns };
    },
  };
  const played = await interleave([contestant("a"), unlucky], { rounds: 3, warmUp: 0 });
  expect(played.get("unlucky")).toEqual({
    rounds: [{ ms: 1 }, undefined, { ms: 3 }],
    failures: 1,
    firstFailure: "not now",
  });
});

test("two of one name are refused, because only one would be reported", async () => {
  const { contestant } = recorder();
  await expect(interleave([contestant("a"), contestant("a")], { rounds: 1, warmUp: 0 })).rejects.toThrow("same name");
});
