import { expect, test } from "vitest";
import { backoff, sane } from "../../src/backoff.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const DEFAULTS = { min: 50, max: 1000, factor: 2, jitter: 1 };

test("without jitter the delays double from min and stay at max", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoff(attempt, 0.3, { ...DEFAULTS, jitter: 0 }));
  expect(delays).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
});

test("with full jitter a delay is drawn from nearly 0 to twice the mean, and never above max", () => {
  expect([0, 0.25, 0.5, 0.75].map((random) => backoff(1, random, DEFAULTS))).toEqual([5, 25, 50, 75]);
  expect(backoff(1, 1 - 2 ** -32, DEFAULTS)).toBeCloseTo(100, 5);
  expect(backoff(9, 0.9, DEFAULTS)).toBe(1000);
  expect(backoff(9, 0.25, DEFAULTS)).toBe(500);
});

test("jitter is the random part of the delay", () => {
  expect([0, 0.5, 1].map((random) => backoff(2, random, { ...DEFAULTS, jitter: 0.2 }))).toEqual([80, 100, 120]);
});

test.each([1, 2, 3, 4])("full jitter keeps the mean of delay %d, so that it costs no more requests", (attempt) => {
  const clock = virtualClock(attempt);
  let sum = 0;
  for (let draw = 0; draw < 20_000; draw++) sum += backoff(attempt, clock.random(), DEFAULTS);
  const mean = 50 * 2 ** (attempt - 1);
  expect(Math.abs(sum / 20_000 - mean) / mean).toBeLessThan(0.02);
});

test("within its bounds whatever the attempt and the random number", () => {
  const clock = virtualClock();
  for (let attempt = 1; attempt < 5000; attempt++) {
    const retry = {
      min: clock.random() * 100,
      max: 100 + clock.random() * 5000,
      factor: 1 + clock.random() * 9,
      jitter: clock.random(),
    };
    const delay = backoff(attempt, clock.random(), retry);
    expect(delay).toBeGreaterThanOrEqual(5);
    expect(delay).toBeLessThanOrEqual(retry.max);
  }
  expect(backoff(1e9, 0.5, DEFAULTS)).toBe(1000);
  expect(backoff(1e9, 0.5, { ...DEFAULTS, min: 0 })).toBe(5);
});

test("any delay becomes one that does not spin", () => {
  for (const delay of [0, -1, -0, 1, 4.9, Number.NaN, Number.NEGATIVE_INFINITY, undefined, null]) {
    expect(sane(delay as number)).toBe(5);
  }
  expect(sane(5)).toBe(5);
  expect(sane(250.5)).toBe(250.5);
});
