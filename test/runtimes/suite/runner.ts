import { type Given, suite } from "./index.ts";
import type { Place, Result, Test } from "./place.ts";

/** The longest that a test may take on a slow machine. */
const LIMIT = 45_000;

/** The tests of one lane: every lane has all of them, and runs its share. */
export function share(place: Place, given: Given, lane: number): Test[] {
  return suite(place, given, lane).filter((_, index) => index % place.stations.length === lane);
}

/** Runs all tests, some of them side by side, and says what became of each. */
export async function runAll(place: Place, given: Given): Promise<Result[]> {
  const results: Result[] = [];
  const strays: unknown[] = [];
  // Node and Bun end with an error by themselves.
  globalThis.addEventListener?.("unhandledrejection", (event) => void strays.push(event.reason));

  async function worker(queue: Test[]): Promise<void> {
    for (let test = queue.shift(); test; test = queue.shift()) results.push(await run(test));
  }
  await Promise.all(
    place.stations.map((_, lane) => {
      const queue = share(place, given, lane);
      return Promise.all(Array.from({ length: place.width }, () => worker(queue)));
    }),
  );
  const error = strays.map(describe).join("\n");
  results.push({ group: "features", name: "no rejection went unhandled", ms: 0, ...(error && { error }) });
  return results;
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
