import type { RequestOptions } from "../../src/index.ts";
import { equal, fails, includes } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { tap } from "./wire.ts";

const DURATIONS: readonly unknown[] = [
  -1,
  0.5,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  1e300,
  "",
  "5",
  "5 days",
  "-1s",
  "1e3ms",
  "s",
  {},
];

const REFUSED: Record<string, readonly unknown[]> = {
  ttl: [...DURATIONS, 0, 30, 999, "19ms", Number.POSITIVE_INFINITY, 86_400_001, "25h"],
  wait: DURATIONS,
  commandTimeout: [...DURATIONS, 0, Number.POSITIVE_INFINITY],
  maxHold: [...DURATIONS, 0, "29s"],
  minHold: [...DURATIONS, Number.POSITIVE_INFINITY, "25h"],
  maxAttempts: [0, -1, 1.5, Number.NaN, "3"],
  retry: ["100ms", 100, { min: -1 }, { max: Number.NaN }, { factor: 0.5 }, { jitter: 2 }, { delay: 5 }],
  renew: [1, "yes"],
  fence: [0, "no"],
  owner: [5, "x".repeat(257), "\udc00"],
  signal: [{}, "signal"],
  waitUntil: [{}, 5],
  tll: ["30s"],
};

/** What cannot be right is refused before anything is sent. */
export function refusals(scenario: Scenario): void {
  for (const [option, values] of Object.entries(REFUSED)) {
    scenario(`${option} that cannot be right is refused, and nothing is sent`, async ({ transport, open }) => {
      const wire = tap(transport);
      const locks = open(wire.transport);
      for (const value of values) {
        const options: RequestOptions = { ttl: "30s", [option]: value };
        const what = `${option}: ${typeof value === "string" ? JSON.stringify(value) : String(value)}`;
        const error = await fails(locks.acquire("a", options), "OPTIONS", what);
        includes(error.message, option, `the message about ${what}`);
        await fails(
          locks.request("a", options, () => {}),
          "OPTIONS",
          `${what} in request()`,
        );
      }
      equal(wire.requests.length, 0, "requests sent");
    });
  }

  scenario("an option that is undefined was not given", async ({ locks }) => {
    const nothing = Object.fromEntries(
      Object.keys(REFUSED)
        .filter((key) => key !== "tll")
        .map((key) => [key, undefined]),
    );
    const lease = await locks.acquire("a", nothing);
    equal(lease.fence > 0, true, "the default of fence");
    await lease.release();
  });
}
