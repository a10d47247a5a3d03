import { suite } from "../suite/index.ts";
import type { Place } from "../suite/place.ts";

interface DenoTest {
  name: string;
  fn: () => Promise<void>;
  sanitizeOps: boolean;
  sanitizeResources: boolean;
  sanitizeExit: boolean;
}

declare const Deno: {
  test: { (test: DenoTest): void; afterAll(fn: () => Promise<void>): void };
  env: { get(name: string): string };
};

/**
 * One lane, a test after the other: while one runs alone, what it leaves behind is its own. The second half of the lanes
 * has the tests over TCP, because loading the clients costs more than most tests.
 */
export async function runLane(lane: number): Promise<void> {
  const place: Place = JSON.parse(Deno.env.get("HOLDFAST_PLACE"));
  const half = place.stations.length / 2;
  const tcp = lane < half ? undefined : await (await import("../suite/tcp.ts")).connectTcp(place.redisUrl);
  if (tcp) Deno.test.afterAll(() => tcp.close());
  const tests = suite(place, { using: () => import(place.using ?? ""), tcp }, lane);
  const own = tests.filter(({ group }) => (group === "ioredis" || group === "node-redis") === (tcp !== undefined));
  for (const { group, name, fn } of own.filter((_, index) => index % half === lane % half)) {
    Deno.test({ name: `${group} > ${name}`, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
  }
}
