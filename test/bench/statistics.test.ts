import { describe, expect, test } from "vitest";
import {
  differences,
  median,
  medianDeviation,
  quantile,
  ratios,
  whenFulfilled,
} from "../../bench/support/statistics.ts";

describe("the figures of many turns", () => {
  test("the median is the middle one, or half way between two", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  test("a quantile lies between its neighbours in proportion", () => {
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20], 0.25)).toBe(12.5);
  });

  test("one turn that took for ever moves neither the median nor the deviation", () => {
    expect(median([1, 2, 3, 4, 1e9])).toBe(3);
    expect(medianDeviation([1, 2, 3, 4, 1e9])).toBe(1);
    expect(median([1, 2, Number.POSITIVE_INFINITY])).toBe(2);
  });

  test("of nothing there is no figure", () => {
    expect(median([])).toBeNaN();
  });
});

describe("two contestants are compared round by round", () => {
  test("by ratio and by difference", () => {
    expect(ratios([2, 9, 8], [1, 3, 4])).toEqual([2, 3, 2]);
    expect(differences([2, 9, 8], [1, 3, 4])).toEqual([1, 6, 4]);
  });

  test("a round in which either failed does not count", () => {
    expect(ratios([2, undefined, 8], [1, 3])).toEqual([2]);
  });
});

describe("the majority's slowest reply", () => {
  test("is the k-th that comes, whoever sends it, and nobody waits for more", async () => {
    const arrive: (() => void)[] = [];
    const replies = [0, 1, 2].map((server) => new Promise<void>((resolve) => arrive.splice(server, 0, resolve)));
    let time = 0;
    const second = whenFulfilled(replies, 2, () => time);
    time = 10;
    arrive[2]?.();
    await replies[2];
    time = 20;
    arrive[0]?.();
    expect(await second).toBe(20);
  });

  test("is no reply that is an error", async () => {
    const replies = [Promise.reject(new Error("no")), Promise.resolve(), Promise.resolve()];
    expect(await whenFulfilled(replies, 2, () => 5)).toBe(5);
  });

  test("never comes once too many have failed", async () => {
    const hangs = new Promise(() => {});
    const replies = [Promise.reject(new Error("first")), Promise.reject(new Error("second")), hangs];
    await expect(whenFulfilled(replies, 2)).rejects.toThrow("second");
  });
});
