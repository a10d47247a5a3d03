import { describe, expect, test } from "vitest";
import { grantsWithin, passageOf, type Take } from "../../bench/crowd/takes.ts";

describe("how a crowd got through", () => {
  // Three who all asked at 100, and then had the lock for 10 ms each, 2 and 4 ms apart.
  const takes: Take[] = [
    [100, 126, 136],
    [100, 100, 110],
    [100, 112, 122],
  ];

  test("is the time of all over the time in which the lock was held", () => {
    expect(passageOf(takes)).toEqual({
      acquisitions: 3,
      stretch: 36 / 30,
      hold: 10,
      gap: 3,
      median: 12,
      longest: 26,
      unfairness: 26 / 12,
      overlaps: 0,
    });
  });

  test("shows two who held at once", () => {
    expect(passageOf([...takes, [100, 109, 111]]).overlaps).toBe(1);
    expect(passageOf([...takes, [100, 101, 130]]).overlaps).toBe(3);
  });

  test("can be cut to a span of time", () => {
    expect(grantsWithin(takes, 100, 126)).toBe(2);
  });
});
