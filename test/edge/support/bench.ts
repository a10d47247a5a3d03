import { afterAll, beforeAll, inject } from "vitest";
import type { Subject } from "../../support/key-ring.ts";
import { until } from "../../support/redis-process.ts";
import { type RestBench, restBench } from "../../support/rest-bench.ts";
import type { RestRequest } from "../../support/rest-server.ts";
import { type Isolate, startIsolate } from "./isolate.ts";

/** An isolate of workerd, the REST server that it asks, and the Redis behind that. */
export interface EdgeBench {
  /** Waits until somebody has the lock. */
  held(lock: Subject): Promise<void>;
  /** Waits until nobody has it. */
  free(lock: Subject): Promise<void>;
  rest: RestBench;
  isolate: Isolate;
  /** The requests about a lock that have arrived so far. */
  sent(lock: Subject): RestRequest[];
}

/** Call it at the top of a file; what it gives is there when the tests run. */
export function edgeBench(): EdgeBench {
  const bench = {} as EdgeBench;
  const prefix = `${inject("redisPrefix")}edge:`;
  beforeAll(async () => {
    bench.rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
    const { url, token } = bench.rest.server;
    bench.isolate = await startIsolate({ url, token, prefix });
    const isFree = async (lock: Subject) => (await bench.rest.holder(lock)) === null;
    bench.held = (lock) => until(async () => !(await isFree(lock)), "nobody has the lock");
    bench.free = (lock) => until(() => isFree(lock), "the lock is not free");
    bench.sent = ({ about }) => bench.rest.server.requests.filter(({ command }) => about(command));
  });
  afterAll(async () => {
    await bench.isolate?.close();
    await bench.rest?.close();
  });
  return bench;
}

/** Whether a request is of a release: `DELEX`, or the script that does the same. */
export function isRelease([command, script = ""]: string[]): boolean {
  return command === "DELEX" || (command === "EVAL" && script.includes("unrecorded"));
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
