import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, test } from "vitest";
import type { Lease, LockEvent } from "../../src/index.ts";
import { failsWith, noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { tcpBench } from "../support/tcp-bench.ts";
import { CLIENTS } from "../support/tcp-clients.ts";

const TTL = 1500;
const lost = (lease: Lease) => new Promise((resolve) => lease.signal.addEventListener("abort", resolve));

noUnhandledRejections();

describe.concurrent.each(CLIENTS)("%s, whose connection goes silent", (kind) => {
  const bench = () => tcpBench(kind, inject("redisUrl"), `${inject("redisPrefix")}hole-${kind}:`);

  test.each([true, false])(
    "while holding: the signal fires by the deadline, request settles (fence: %s)",
    async (fence) => {
      await using tcp = await bench();
      const lock = tcp.fresh();
      const began = performance.now();
      let fired = 0;
      const call = tcp.locks({ fence, ttl: TTL, commandTimeout: 300 }).request(lock.name, async (lease) => {
        tcp.proxy.blackhole(true);
        await lost(lease);
        fired = performance.now() - began;
        expect(lease.held).toBe(false);
        expect(await tcp.holder(lock)).toBe(lease.token);
        return "unprotected";
      });
      const { error, ms } = await outcome(call);

      expect(error).toMatchObject({ code: "LOST", reason: "unreachable", result: "unprotected" });
      expect(fired).toBeGreaterThan(TTL * 0.95);
      expect(fired).toBeLessThan(TTL + SLACK);
      expect(ms).toBeLessThan(TTL + 300 + SLACK);
      // What was held back arrives now, and re-creates nothing.
      tcp.proxy.blackhole(false);
      await sleep(100);
      await tcp.expectNothingLeft(lock, TTL + SLACK);
    },
  );

  test.each([true, false])(
    "while acquiring: bounded by wait, an outage and not a timeout (fence: %s)",
    async (fence) => {
      await using tcp = await bench();
      const lock = tcp.fresh();
      const locks = tcp.locks({ fence, ttl: TTL });
      tcp.proxy.blackhole(true);
      const began = performance.now();
      const error = await failsWith("BACKEND", locks.acquire(lock.name, { wait: 400 }));
      expect(performance.now() - began).toBeLessThan(400 + SLACK);
      expect(error.message).toMatch(/no answer within .* Redis is up/);
      // The abandoned request arrives, then its give-back.
      tcp.proxy.blackhole(false);
      await locks.close();
      await tcp.expectNothingLeft(lock, TTL + SLACK);
    },
  );

  test("while another's answers came first: it says what happened last", async () => {
    await using tcp = await bench();
    const lock = tcp.fresh();
    const locks = tcp.locks({ ttl: "10s", retry: () => 20 });
    const lease = await locks.acquire(lock.name, { owner: "the holder" });
    const waiting = failsWith("TIMEOUT", locks.acquire(lock.name, { wait: 800 }));
    await sleep(150);
    tcp.proxy.blackhole(true);
    expect(await waiting).toMatchObject({ holder: "the holder" });
    tcp.proxy.blackhole(false);
    expect(await lease.release()).toBe(true);
    await locks.close();
    await tcp.expectNothingLeft(lock);
  });

  test("for one renewal: the lease goes on", async () => {
    await using tcp = await bench();
    const lock = tcp.fresh();
    const events: LockEvent[] = [];
    const saw = async (type: string) => {
      while (!events.some((event) => event.type === type)) await sleep(10);
    };
    const onEvent = (event: LockEvent) => void events.push(event);
    const result = await tcp.locks({ ttl: 3000, commandTimeout: 300, onEvent }).request(lock.name, async (lease) => {
      tcp.proxy.blackhole(true);
      await saw("failed");
      tcp.proxy.blackhole(false);
      await saw("renewed");
      return lease.held && !lease.signal.aborted;
    });
    expect(result).toBe(true);
    expect(events.map(({ type }) => type)).not.toContain("lost");
    await tcp.expectNothingLeft(lock);
  });

  test("refused connections while holding: lost at the deadline and not later", async () => {
    await using tcp = await bench();
    const lock = tcp.fresh();
    const began = performance.now();
    const call = tcp.locks({ ttl: TTL, commandTimeout: 300 }).request(lock.name, async (lease) => {
      await tcp.proxy.close();
      await lost(lease);
      return performance.now() - began;
    });
    const error = await failsWith("LOST", call);
    expect(error.reason).toBe("unreachable");
    expect(error.result).toBeGreaterThan(TTL * 0.95);
    expect(error.result).toBeLessThan(TTL + SLACK);
    await tcp.expectNothingLeft(lock, TTL + SLACK);
  });

  test("during an outage query, verify and extend throw, and release says that nobody knows", async () => {
    await using tcp = await bench();
    const lock = tcp.fresh();
    const locks = tcp.locks({ ttl: TTL, commandTimeout: 200 });
    const lease = await locks.acquire(lock.name);
    tcp.proxy.blackhole(true);
    for (const call of [() => locks.query(lock.name), () => lease.verify(), () => lease.extend(), () => locks.list()]) {
      const asked = call();
      const answer = Symbol.asyncIterator in asked ? asked[Symbol.asyncIterator]().next() : asked;
      const { error, ms } = await outcome(answer as Promise<unknown>);
      expect(error).toMatchObject({ code: "BACKEND" });
      expect(ms).toBeLessThan(200 + SLACK);
    }
    expect((await outcome(lease.release())).error).toMatchObject({ code: "BACKEND" });
    tcp.proxy.blackhole(false);
    await tcp.expectNothingLeft(lock, TTL + SLACK);
  });
});
