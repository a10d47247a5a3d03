import { Redis as UpstashRedis } from "@upstash/redis";
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import { noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { type RestBench, restBench } from "../support/rest-bench.ts";

const prefix = `${inject("redisPrefix")}retries:`;

noUnhandledRejections();
let rest: RestBench;
beforeAll(async () => {
  rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
});
afterEach(() => vi.unstubAllGlobals());
afterAll(() => rest.close());

/** The network while a server restarts: the reply of the first request is lost, further connections are refused. */
function restarting(refusals: number): typeof fetch {
  const platforms = fetch;
  const failed = (code: string) => new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
  let nth = 0;
  return async (url, init) => {
    nth++;
    if (nth === 1) await (await platforms(url, init)).text();
    if (nth === 1) throw failed("ECONNRESET");
    if (nth <= 1 + refusals) throw failed("ECONNREFUSED");
    return platforms(url, init);
  };
}

// A client that asks again by itself reports the last failure; an earlier copy may have been executed.
test.each([true, false])("a refused connection after a lost reply leaves no orphan (fence: %s)", async (fence) => {
  const lock = rest.fresh();
  const { url, token } = rest.server;
  const client = new UpstashRedis({ url, token, retry: { retries: 1, backoff: () => 10 } });
  const locks = createLocks(upstash(client), { prefix, ttl: "30s", fence });
  vi.stubGlobal("fetch", restarting(1));
  const { value: lease, error } = await outcome(locks.tryAcquire(lock.name));
  if (lease) expect(await lease.release()).toBe(true);
  else expect(error).toMatchObject({ code: "BACKEND" });
  await rest.expectNothingLeft(lock, SLACK);
});
