import { describe, expect, test } from "vitest";
import type { Subject } from "../support/key-ring.ts";
import { until } from "../support/redis-process.ts";
import type { FaultKind, FaultOptions } from "../support/rest-faults.ts";
import { edgeBench, isRelease } from "./support/bench.ts";

const bench = edgeBench();
const MAX = 6;
const OPTIONS = { maxAttempts: MAX, wait: "60s", ttl: "1s", retry: { min: 5, max: 20 }, commandTimeout: 250 };

/** A rival that has the lock for the whole test. */
const occupy = ({ key }: Subject) => bench.rest.redis.send("SET", key, "somebody else", "PX", "60000");

/** The requests of the wait itself, and those of the clean-up after it. */
function counted(lock: Subject): { wait: number; cleanUp: number } {
  const releases = bench.sent(lock).filter(({ command }) => isRelease(command)).length;
  return { wait: bench.sent(lock).length - releases, cleanUp: releases };
}

const troubles: [name: string, kind: FaultKind, options: FaultOptions][] = [
  ["502 to everything", "badGateway", {}],
  ["502 to everything, although executed", "badGateway", { executed: true }],
  ["lost replies", "dropReply", {}],
  ["no answers", "stall", { executed: true }],
  ["429 to everything", "rateLimit", {}],
];

describe.concurrent.each([true, false])("a wait with maxAttempts (fence: %s)", (fence) => {
  test("busy for ever: as many requests, and two of a clean-up if it took a fence", async () => {
    const lock = bench.rest.fresh();
    await occupy(lock);
    const order = { name: lock.name, options: { ...OPTIONS, commandTimeout: "1s", fence }, waitUntil: true };
    const { error } = await bench.isolate.send("hold", order).answer;

    expect(error).toMatchObject({ code: "TIMEOUT", attempts: MAX });
    const cleanUp = fence ? 2 : 0;
    await until(async () => counted(lock).cleanUp === cleanUp, "no clean-up");
    expect(counted(lock)).toEqual({ wait: MAX, cleanUp });
  });

  test.each(troubles)("%s: no more requests than that, whatever becomes of them", async (_, kind, options) => {
    const lock = bench.rest.fresh();
    const acquires = (command: string[]) => lock.about(command) && !isRelease(command);
    bench.rest.server.faults.always(kind, { ...options, when: acquires });
    const order = { name: lock.name, options: { ...OPTIONS, fence }, waitUntil: true };
    const { error } = await bench.isolate.send("hold", order).answer;

    expect(error?.code).toBe("BACKEND");
    // A release that finds the token is one request, one that does not is two; 429 says that nothing was executed.
    const [least, most] = kind === "rateLimit" ? [0, 0] : [1, 2];
    await until(async () => counted(lock).cleanUp >= least, "no clean-up");
    await bench.rest.expectNothingLeft(lock, 3000);
    expect(counted(lock).wait).toBe(MAX);
    expect(counted(lock).cleanUp).toBeLessThanOrEqual(most);
  });

  test("half of the replies are 502, while another holds it: no more requests than that", async () => {
    const lock = bench.rest.fresh();
    await occupy(lock);
    let nth = 0;
    const every2nd = (command: string[]) => lock.about(command) && !isRelease(command) && nth++ % 2 === 0;
    bench.rest.server.faults.always("badGateway", { executed: true, when: every2nd });
    const order = { name: lock.name, options: { ...OPTIONS, fence }, waitUntil: true };
    const { error } = await bench.isolate.send("hold", order).answer;
    expect(["TIMEOUT", "BACKEND"]).toContain(error?.code);
    expect(counted(lock).wait).toBe(MAX);
  });

  test("502 to the clean-up too: it is asked again for one ttl, and no longer", async () => {
    const lock = bench.rest.fresh();
    bench.rest.server.faults.always("badGateway", { when: lock.about });
    const order = { name: lock.name, options: { ...OPTIONS, fence }, waitUntil: true };
    await bench.isolate.send("hold", order).answer;
    // Of the wait, and of its clean-up.
    const failed = async () => (await bench.isolate.log()).filter((line) => line === `failed ${lock.name}`);
    await until(async () => (await failed()).length === 2, "the clean-up goes on");
    expect(counted(lock).wait).toBe(MAX);
  });
});
