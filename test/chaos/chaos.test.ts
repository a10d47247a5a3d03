import { describe, expect, test } from "vitest";
import { missing, play } from "./play.ts";
import { named } from "./scenarios.ts";

/** One of each client. What is found depends on what is caught, not on how fast anything is. */
const SIZE = 3;
const MINUTES = 4 * 60_000;

// The rest, the server's clock (which needs a C compiler) and the soak: `npm run chaos`.
describe.concurrent("processes that hold and wait, while nothing is lost", () => {
  test.each([
    "a holder is killed at each step",
    "a holder is stopped past its ttl at each step",
    "a waiter is killed at each step",
    "a connection goes silent at each step",
    "HTTP: a connection is cut at each step",
    "Redis is stopped at each step, within the ttl and past it",
    "Redis is killed at each step, restarted from its log",
    "in line: a waiter is killed at each step",
  ])(
    "no two hold at a time, all are served again, nothing is left: %s",
    async (name) => {
      const { faults, sight } = await play(named(name), 1, SIZE);
      expect(faults).toEqual([]);
      expect(sight?.overlaps).toBe(0);
      expect(sight && missing(sight.fenced)).toBe(0);
    },
    MINUTES,
  );
});

test.concurrent(
  "a lease whose key was deleted does not come back by its renewal",
  async () => {
    const { faults, sight } = await play(named("a key is deleted just before its renewal"), 1, SIZE);
    expect(faults).toEqual([]);
    expect(sight?.lost).toBeGreaterThan(0);
  },
  MINUTES,
);

describe.concurrent("processes that hold and wait, when data is lost", () => {
  test.each(["Redis is killed, restarted empty", "a lagging replica is promoted"])(
    "two hold, an update is lost without the fence, and none with it: %s",
    async (name) => {
      const { faults, sight } = await play(named(name), 1, SIZE);
      expect(faults).toEqual([]);
      expect(sight?.overlaps).toBeGreaterThan(0);
      expect(sight && missing(sight.bare)).toBeGreaterThan(0);
      expect(sight && missing(sight.fenced)).toBe(0);
    },
    MINUTES,
  );
});
