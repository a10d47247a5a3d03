import { atMost, equal, fails, ok } from "./assert.ts";
import type { Paced, Scenario } from "./stage.ts";
import { sleep, stopwatch, until } from "./time.ts";
import { tap } from "./wire.ts";

/** `close`, with and without grace. */
export function closing(scenario: Scenario, paced: Paced): void {
  scenario("close ends waits, and leaves nothing of them behind", async ({ transport, open, others, isFree }) => {
    const holder = await others.acquire("a");
    const locks = open(transport);
    const waits = [locks.acquire("a"), locks.request("a", () => {}), locks.acquire("a", { wait: "1h" })];
    const failures = waits.map((wait) => fails(wait, "CLOSED", "a wait during close()"));
    const elapsed = stopwatch();
    await locks.close();
    await Promise.all(failures);
    atMost(elapsed(), 6000, "milliseconds until all waits had ended");
    await holder.release();
    await isFree("a", "after the waits");
  });

  scenario("later calls are refused, and nothing is sent", async ({ transport, open }) => {
    const wire = tap(transport);
    const locks = open(wire.transport);
    await locks.close();
    await fails(locks.acquire("a"), "CLOSED", "acquire() after close()");
    await fails(locks.tryAcquire("a"), "CLOSED", "tryAcquire() after close()");
    await fails(
      locks.request("a", () => {}),
      "CLOSED",
      "request() after close()",
    );
    await fails(locks.withOptions({ ttl: "20s" }).acquire("a"), "CLOSED", "acquire() of withOptions() after close()");
    await locks.close();
    equal(wire.requests.length, 0, "requests sent");
  });

  scenario("close fires the signals of held leases and releases them", async ({ transport, open, isFree }) => {
    const locks = open(transport);
    const lease = await locks.acquire("a");
    const { signal } = lease;
    await locks.close();
    ok(signal.aborted, "the signal did not fire");
    const error = await fails(Promise.reject(signal.reason), "LOST", "the signal's reason");
    equal(error.reason, "closed", "the reason of the loss");
    equal(lease.held, false, "held");
    await isFree("a", "after close()");
  });

  scenario("a callback that close overtook gets its result back with the loss", async ({ transport, open }) => {
    const locks = open(transport);
    let closed: Promise<void> | undefined;
    const request = locks.request("a", async () => {
      closed = locks.close();
      await closed;
      return "done";
    });
    const error = await fails(request, "LOST", "request() during close()");
    equal(error.reason, "closed", "the reason of the loss");
    equal(error.result, "done", "result");
  });

  paced("within the grace held leases go on", async ({ transport, open, isTaken, isFree }, ms) => {
    const locks = open(transport);
    let closed: Promise<void> | undefined;
    const result = locks.request("a", { ttl: ms(2000) }, async (lease) => {
      closed = locks.close({ grace: "20s" });
      await sleep(ms(2300));
      equal(lease.held, true, "held within the grace, after its ttl");
      await isTaken("a", "within the grace");
      return "done";
    });
    equal(await result, "done", "what request() resolves to");
    const elapsed = stopwatch();
    await closed;
    atMost(elapsed(), 8000, "milliseconds that close({ grace: 20s }) took once nothing was held");
    await isFree("a", "after close()");
  });

  scenario("after the grace held leases end", async ({ transport, open, isFree }) => {
    const locks = open(transport);
    const lease = await locks.acquire("a");
    const { signal } = lease;
    await locks.close({ grace: "200ms" });
    equal(signal.aborted, true, "whether the signal has fired");
    equal(lease.held, false, "held");
    await isFree("a", "after close()");
  });

  scenario("locks are disposable", async ({ transport, open, isFree }) => {
    const locks = open(transport);
    await locks.acquire("a");
    await locks[Symbol.asyncDispose]();
    await isFree("a", "after the disposal");
  });

  paced("closing stops renewals", async ({ transport, open }, ms) => {
    const wire = tap(transport);
    const locks = open(wire.transport);
    const lease = await locks.acquire("a", { ttl: ms(1000), renew: true });
    await until(() => wire.requests.length > 1 || !lease.held, "nothing was renewed");
    await locks.close();
    const sent = wire.requests.length;
    await sleep(ms(500));
    equal(wire.requests.length, sent, "requests sent after close()");
  });
}
