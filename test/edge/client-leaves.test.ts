import { describe, expect, test } from "vitest";
import type { Subject } from "../support/key-ring.ts";
import { until } from "../support/redis-process.ts";
import { edgeBench, isRelease, sleep } from "./support/bench.ts";

const bench = edgeBench();
const RETRY = { min: 5, max: 30 };
const holderOf = (lock: Subject) => bench.rest.holder(lock);

/** A later request of the same isolate, on the same `locks`. */
async function nextGetsIt({ name }: Subject): Promise<void> {
  const { error } = await bench.isolate.send("hold", { name, options: { wait: "12s", retry: RETRY } }).answer;
  expect(error).toBeUndefined();
  const noted = await bench.isolate.log();
  expect(noted.filter((line) => line.startsWith("unhandled"))).toEqual([]);
}

describe.concurrent("a client that leaves", () => {
  test("while it waits: the wait ends there, sends nothing more and leaves nothing", async () => {
    const lock = bench.rest.fresh();
    await bench.rest.redis.send("SET", lock.key, "somebody else", "PX", "60000");
    const options = { wait: "60s", retry: RETRY };
    const gone = bench.isolate.send("hold", { name: lock.name, options });
    await until(async () => bench.sent(lock).length > 2, "it does not wait");
    gone.leave();
    await sleep(400);
    const sent = bench.sent(lock).length;
    await sleep(400);

    expect(bench.sent(lock)).toHaveLength(sent);
    expect(bench.sent(lock).some(({ command }) => isRelease(command))).toBe(false);
    await bench.rest.redis.send("DEL", lock.key);
    await nextGetsIt(lock);
  });

  test("while it holds: neither release nor renewal follows, and the ttl frees the name", async () => {
    const lock = bench.rest.fresh();
    const options = { ttl: "6s" };
    const gone = bench.isolate.send("hold", { name: lock.name, hold: 2000, options });
    await bench.held(lock);
    const token = await holderOf(lock);
    gone.leave();
    await sleep(2800);

    expect(await holderOf(lock)).toBe(token);
    expect(bench.sent(lock)).toHaveLength(1);
    await nextGetsIt(lock);
  });

  test("while it holds, its work handed to waitUntil: the work goes on and gives the lock back", async () => {
    const lock = bench.rest.fresh();
    const options = { ttl: "60s" };
    const gone = bench.isolate.send("hold", { name: lock.name, hold: 600, options, keepAll: true });
    await bench.held(lock);
    gone.leave();

    await bench.free(lock);
    expect(bench.sent(lock).some(({ command }) => isRelease(command))).toBe(true);
    await nextGetsIt(lock);
  });

  test("while its acquire is under way: it may be granted to nobody, and the ttl frees the name", async () => {
    const lock = bench.rest.fresh();
    const fault = bench.rest.server.faults.next("hold", { when: lock.about });
    const gone = bench.isolate.send("hold", { name: lock.name, options: { ttl: "4s" } });
    await fault.hit;
    gone.leave();
    await sleep(200);
    fault.release();
    await fault.done;

    expect(await holderOf(lock)).not.toBeNull();
    expect(bench.sent(lock)).toHaveLength(1);
    await nextGetsIt(lock);
  });

  test("while its release is under way: the release was sent, and that is enough", async () => {
    const lock = bench.rest.fresh();
    const fault = bench.rest.server.faults.next("hold", {
      when: (command) => lock.about(command) && isRelease(command),
    });
    const gone = bench.isolate.send("hold", { name: lock.name, options: { ttl: "60s" } });
    await fault.hit;
    gone.leave();
    await sleep(200);
    fault.release();
    await fault.done;
    expect(await holderOf(lock)).toBeNull();
    await nextGetsIt(lock);
  });

  test("thirty of them, at any point of a wait, a hold or a release: nobody after them hangs", async () => {
    const lock = bench.rest.fresh();
    const options = { ttl: "1500ms", wait: "20s", retry: RETRY };
    const calls = Array.from({ length: 30 }, (_, i) =>
      bench.isolate.send("hold", { name: lock.name, hold: 10, options, waitUntil: i % 2 === 0 }),
    );
    for (const [i, each] of calls.entries()) {
      await sleep(3 * (i % 7));
      each.leave();
    }
    await nextGetsIt(lock);
  });
});
