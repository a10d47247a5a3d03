import type { Place } from "../suite/place.ts";
import { share } from "../suite/runner.ts";
import { connectTcp } from "../suite/tcp.ts";

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

/** One lane, a test after the other: while one runs alone, what it leaves behind is its own. */
export async function runLane(lane: number): Promise<void> {
  const place: Place = JSON.parse(Deno.env.get("HOLDFAST_PLACE"));
  const tcp = await connectTcp(place.redisUrl);
  Deno.test.afterAll(() => tcp.close());
  for (const { group, name, fn } of share(place, { using: () => import(place.using ?? ""), tcp }, lane)) {
    Deno.test({ name: `${group} > ${name}`, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
  }
}
