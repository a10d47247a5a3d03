import { describe, expect, test } from "vitest";
import type { Subject } from "../support/key-ring.ts";
import { until } from "../support/redis-process.ts";
import { edgeBench, isRelease, sleep } from "./support/bench.ts";

const bench = edgeBench();

/**
 * One attempt that is granted and never answered, so that the call ends with an outage and a clean-up follows. The
 * clean-up's first requests are lost, so that it is still at work when the response has been sent.
 */
async function endsDuringCleanUp(lock: Subject, waitUntil: boolean, ttl: string): Promise<void> {
  const { faults } = bench.rest.server;
  const acquires = (command: string[]) => lock.about(command) && !isRelease(command);
  const releases = (command: string[]) => lock.about(command) && isRelease(command);
  faults.next("stall", { executed: true, when: acquires });
  faults.next("dropRequest", { times: 4, when: releases });
  const options = { wait: 0, ttl, commandTimeout: 300 };
  const { error } = await bench.isolate.send("hold", { name: lock.name, options, waitUntil }).answer;
  expect(error?.code).toBe("BACKEND");
}

describe.concurrent("a request that ends while a clean-up runs", () => {
  test("hands it to waitUntil: it goes on until the name is free", async () => {
    const lock = bench.rest.fresh();
    await endsDuringCleanUp(lock, true, "60s");
    const token = await bench.rest.holder(lock);
    expect(token).not.toBeNull();
    await bench.free(lock);
    expect(bench.sent(lock)).toHaveLength(6);
  });

  test("without waitUntil: it stops there, nothing throws, and the ttl frees the name", async () => {
    const lock = bench.rest.fresh();
    await endsDuringCleanUp(lock, false, "6s");
    const token = await bench.rest.holder(lock);
    await sleep(1000);
    expect(token).not.toBeNull();
    expect(await bench.rest.holder(lock)).toBe(token);
    expect(bench.sent(lock).length).toBeLessThan(6);

    const { error } = await bench.isolate.send("hold", { name: lock.name, options: { wait: "15s" } }).answer;
    expect(error).toBeUndefined();
    expect((await bench.isolate.log()).filter((line) => line.startsWith("unhandled"))).toEqual([]);
  });
});

test("a wait that times out releases its token after the answer, in two requests", async () => {
  const lock = bench.rest.fresh();
  await bench.rest.redis.send("SET", lock.key, "somebody else", "PX", "60000");
  const options = { wait: "1s", retry: { min: 20, max: 20 } };
  const { error } = await bench.isolate.send("hold", { name: lock.name, options, waitUntil: true }).answer;
  expect(error?.code).toBe("TIMEOUT");
  const releases = () => bench.sent(lock).filter(({ command }) => isRelease(command)).length;
  await until(async () => releases() === 2, "no clean-up");
});
