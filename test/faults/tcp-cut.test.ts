import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Lease, Locks } from "../../src/index.ts";
import { noUnhandledRejections, outcome, SLACK } from "../support/outcome.ts";
import { type TcpBench, tcpBench } from "../support/tcp-bench.ts";
import { CLIENTS } from "../support/tcp-clients.ts";

noUnhandledRejections();

describe.each(CLIENTS)("%s, whose connection is cut", (kind) => {
  let tcp: TcpBench;
  beforeAll(async () => {
    tcp = await tcpBench(kind, inject("redisUrl"), `${inject("redisPrefix")}cut-${kind}:`);
  });
  afterAll(() => tcp.close());

  /** Runs a step, and cuts the connection after its request, or its reply, has gone into the void. */
  async function cutDuring<T>(lost: "requests" | "replies", step: () => Promise<T>): Promise<T> {
    tcp.proxy.blackhole(true, lost);
    const call = step();
    call.catch(() => {});
    await sleep(60);
    tcp.proxy.cut();
    tcp.proxy.blackhole(false);
    return call;
  }

  const steps: [string, (lease: Lease, locks: Locks) => Promise<unknown>, unknown][] = [
    ["extend", (lease) => lease.extend("60s"), expect.any(Number)],
    ["verify", (lease) => lease.verify(), true],
    ["query", (lease, locks) => locks.query(lease.name), expect.objectContaining({ held: true })],
    ["release", (lease) => lease.release(), true],
    ["forceRelease", (lease, locks) => locks.forceRelease(lease.name), true],
  ];

  for (const lost of ["requests", "replies"] as const) {
    for (const fence of [true, false]) {
      test(`acquire loses its ${lost} and is granted (fence: ${fence})`, async () => {
        const lock = tcp.fresh();
        const lease = await cutDuring(lost, () => tcp.locks({ fence }).acquire(lock.name));
        expect(await tcp.holder(lock)).toBe(lease.token);
        expect(await lease.release()).toBe(true);
        await tcp.expectNothingLeft(lock);
      });

      test.each(steps)(`%s loses its ${lost} and succeeds (fence: ${fence})`, async (_step, run, expected) => {
        const lock = tcp.fresh();
        const locks = tcp.locks({ fence });
        const lease = await locks.acquire(lock.name);
        expect(await cutDuring(lost, () => run(lease, locks))).toEqual(expected);
        await lease.release();
        await tcp.expectNothingLeft(lock);
      });
    }

    test(`tryAcquire loses its ${lost}: granted, or refused with no orphan`, async () => {
      const lock = tcp.fresh();
      const locks = tcp.locks();
      const { value: lease, error } = await outcome(cutDuring(lost, () => locks.tryAcquire(lock.name)));
      if (lease) expect(await lease.release()).toBe(true);
      else expect(error).toMatchObject({ code: "BACKEND" });
      await tcp.expectNothingLeft(lock, SLACK);
    });
  }

  test("every few milliseconds while ten contenders work: all are served, none overlap", async () => {
    const lock = tcp.fresh();
    const locks = tcp.locks({ ttl: "5s", wait: "15s", retry: { min: 5, max: 30 } });
    let running = true;
    const cutting = (async () => {
      while (running) {
        tcp.proxy.cut();
        await sleep(150);
      }
    })();
    let inside = 0;
    const fences: number[] = [];
    const work = async () => {
      for (let round = 0; round < 8; round++) {
        await locks.request(lock.name, async ({ fence }) => {
          expect(++inside).toBe(1);
          fences.push(fence);
          await sleep(1);
          inside--;
        });
      }
    };
    await Promise.all(Array.from({ length: 10 }, work)).finally(() => {
      running = false;
    });
    await cutting;
    expect(fences).toHaveLength(80);
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    await tcp.expectNothingLeft(lock);
  }, 40_000);
});
