import { type Given, suite } from "./index.ts";
import type { Place, Result, Test } from "./place.ts";

/** The longest that a test may take on a slow machine. */
const LIMIT = 45_000;

/** Whatever has failed so often fails for one reason, and slowly. */
const ENOUGH = 25;

/** Runs all tests, some of them side by side, and says what became of each. */
export async function runAll(place: Place, given: Given): Promise<Result[]> {
  const results: Result[] = [];
  let failures = 0;
  const strays = new Map<Promise<unknown>, unknown>();
  // Node, Bun and Deno end with an error by themselves. workerd tells of those too that are handled a moment later.
  globalThis.addEventListener?.("unhandledrejection", ({ promise, reason }) => void strays.set(promise, reason));
  globalThis.addEventListener?.("rejectionhandled", ({ promise }) => void strays.delete(promise));

  async function worker(queue: Test[]): Promise<void> {
    for (let test = queue.shift(); test; test = queue.shift()) {
      if (failures >= ENOUGH) break;
      const result = await run(test);
      if (result.error) failures++;
      results.push(result);
    }
  }
  await Promise.all(
    place.stations.map((_, lane) => {
      // Every lane has all tests, and runs its share.
      const queue = interleaved(suite(place, given, lane)).filter((_, index) => index % place.stations.length === lane);
      return Promise.all(Array.from({ length: place.width }, () => worker(queue)));
    }),
  );
  const error = [...strays.values()].map(describe).join("\n");
  results.push({ group: "features", name: "no rejection went unhandled", ms: 0, ...(error && { error }) });
  return results;
}

/** Every group from the start to the end, so that the tests that wait run beside those that work. */
function interleaved(tests: Test[]): Test[] {
  const groups = [...new Set(tests.map(({ group }) => group))].map((one) => tests.filter(({ group }) => group === one));
  const placed = groups.flatMap((group) => group.map((test, index) => ({ test, at: index / group.length })));
  return placed.sort((one, two) => one.at - two.at).map(({ test }) => test);
}

async function run({ group, name, fn }: Test): Promise<Result> {
  const began = Date.now();
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${LIMIT} ms`)), LIMIT);
  });
  try {
    await Promise.race([fn(), late]);
    return { group, name, ms: Date.now() - began };
  } catch (error) {
    return { group, name, ms: Date.now() - began, error: describe(error) };
  } finally {
    clearTimeout(timer as number);
  }
}

function describe(error: unknown): string {
  return String((error as Error | undefined)?.stack || error);
}
