import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, isLockError, type Lease, LockClosedError } from "../../src/index.ts";
import { bench, rejection } from "../support/bench.ts";
import { outcome } from "../support/outcome.ts";
import { read } from "./markdown.ts";

const page = read("docs/long-jobs.md");
const pause = (clock: ReturnType<typeof bench>["clock"], ms: number) =>
  new Promise<void>((resolve) => void clock.timer(ms, resolve));

describe("how long", () => {
  test("a job is held to for hours, if maxHold is as long", async () => {
    const { clock, locks, rival } = bench();
    let waited: unknown;
    const job = locks.request("job", { ttl: "1m", maxHold: "2h" }, async () => {
      await pause(clock, 7_000_000);
      waited = await rival.tryAcquire("job");
      return "done";
    });
    expect(await clock.runUntilSettled(job)).toBe("done");
    expect(waited).toBe(null);
  });

  test("at maxHold the signal fires, and the ttl is what the work has to stop in", async () => {
    const { clock, locks, rival } = bench();
    const lease = await locks.acquire("job", { renew: true });
    await clock.advance(15 * 60_000 - 1000);
    expect(lease.held).toBe(true);
    await clock.advance(1000);
    expect(lease.signal.reason).toMatchObject({ reason: "max-hold" });
    expect(await rival.tryAcquire("job")).toBe(null);
    await clock.advance(30_000);
    expect(await rival.tryAcquire("job")).not.toBe(null);
  });

  test("extend is exempt from maxHold, and makes renewal go on with its ttl", async () => {
    const { clock, locks } = bench();
    const lease = await locks.acquire("job", { renew: true, maxHold: "1m" });
    await lease.extend("10m");
    await clock.advance(9 * 60_000);
    expect(lease.held).toBe(true);
  });
});

describe("the event loop", () => {
  const TTL = 30_000;
  const [, seconds = ""] =
    /with the default ttl and answers within 50 ms ([\d.]+) s, whenever it begins/.exec(page) ?? [];

  test.each([0, 5000, 9999, 10_000, 14_000, 19_999])(
    "a block that begins after %i ms, and is survived",
    async (begin) => {
      const { clock, locks, network } = bench({ ttl: TTL });
      const lease = await locks.acquire("job", { renew: true });
      network.treat = () => ({ arrives: 25, answers: 25 });
      await clock.advance(begin);
      clock.block(Number(seconds) * 1000);
      await clock.advance(100);
      expect(lease.held).toBe(true);
      expect(lease.signal.aborted).toBe(false);
    },
  );

  test("a longer one ends the lease: on the next line, and with the result", async () => {
    const { clock, locks } = bench({ ttl: TTL });
    expect(Number(seconds) * 1000).toBeGreaterThan(0.65 * TTL);
    let seen: unknown;
    const job = locks.request("job", async (lease) => {
      await pause(clock, 9999);
      clock.block(TTL);
      seen = [lease.held, lease.signal.aborted];
      return "computed";
    });
    const error = await clock.runUntilSettled(rejection(job));
    expect(seen).toEqual([false, true]);
    expect(error).toMatchObject({ code: "LOST", reason: "expired", result: "computed" });
  });
});

describe("close with grace", () => {
  test("waits end at once, work within the grace is finished, other work is told", async () => {
    const { clock, locks, rival } = bench();
    await rival.acquire("busy");
    const waiting = rejection(locks.acquire("busy", { wait: "5m" }));
    const short = locks.request("short", () => pause(clock, 45_000).then(() => "finished"));
    let told: unknown;
    const long = locks.request("long", async (lease) => {
      await pause(clock, 100_000);
      told = lease.signal.reason;
      return "late";
    });
    await clock.advance(1000);
    const began = clock.monotonic();
    const closed = locks.close({ grace: "1m" });
    expect(await clock.runUntilSettled(waiting)).toBeInstanceOf(LockClosedError);
    expect(await rejection(locks.acquire("later"))).toBeInstanceOf(LockClosedError);
    expect(clock.monotonic() - began).toBeLessThan(1000);
    expect(await clock.runUntilSettled(short)).toBe("finished");
    await clock.runUntilSettled(closed);
    expect(clock.monotonic() - began).toBe(60_000);
    expect(await rival.tryAcquire("long")).not.toBe(null);
    expect(await clock.runUntilSettled(rejection(long))).toMatchObject({ reason: "closed", result: "late" });
    expect(told).toMatchObject({ reason: "closed" });
  });
});

describe("the signal of a lease that is lost stops", () => {
  /** Loses the lease as soon as the work has begun. */
  async function lost(work: (lease: Lease, begun: () => void) => Promise<unknown>): Promise<unknown> {
    const locks = createLocks(memory());
    const lease = await locks.acquire("job");
    const ended = await outcome(
      work(lease, async () => {
        await locks.forceRelease("job");
        await lease.verify();
      }),
    );
    expect(isLockError(lease.signal.reason, "LOST")).toBe(true);
    return ended.error;
  }

  test("a fetch", async () => {
    const server = createServer((_, response) => void response.write("the first half"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const error = await lost(async ({ signal }, begun) => {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { signal });
      begun();
      await response.text();
    });
    expect(error).toMatchObject({ code: "LOST", reason: "taken" });
    server.closeAllConnections();
    server.close();
  });

  test("a sleep", async () => {
    const error = await lost(({ signal }, begun) => {
      begun();
      return sleep(60_000, undefined, { signal });
    });
    expect(error).toMatchObject({ name: "AbortError", cause: { code: "LOST" } });
  });

  test("a child process", async () => {
    const error = await lost(async ({ signal }, begun) => {
      const child = spawn("sleep", ["60"], { signal, killSignal: "SIGTERM" });
      const exited = new Promise((resolve) => child.once("exit", (_, by) => resolve(by)));
      const failed = once(child, "error");
      await once(child, "spawn");
      begun();
      const [error] = await failed;
      expect(await exited).toBe("SIGTERM");
      throw error;
    });
    expect(error).toMatchObject({ name: "AbortError", cause: { code: "LOST" } });
  });

  test("a stream", async () => {
    const source = new Readable({ read: () => {} });
    const sink = new Writable({ write: (_chunk, _encoding, next) => next() });
    const error = await lost(({ signal }, begun) => {
      source.push("the first half");
      begun();
      return pipeline(source, sink, { signal });
    });
    expect(error).toMatchObject({ name: "AbortError", cause: { code: "LOST" } });
    expect([source.destroyed, sink.destroyed]).toEqual([true, true]);
  });

  test("a loop", async () => {
    const error = await lost(async ({ signal }, begun) => {
      begun();
      for (;;) {
        signal.throwIfAborted();
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    expect(error).toMatchObject({ code: "LOST" });
  });
});
