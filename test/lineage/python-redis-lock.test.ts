import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { context } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, expect, inject } from "vitest";
import type { Clock, LockEvent, Transport } from "../../src/index.ts";
import { instrument } from "../../src/otel.ts";
import { JOIN } from "../../src/queue-scripts.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { faulty } from "../../src/testing.ts";
import { fresh, HERE, holderOf, holdfast, PREFIX, shared } from "../cli/support.ts";
import { useContext } from "../observability/sdk.ts";
import { failsWith } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { ONE } from "./support/kinds.ts";
import { lineage } from "./support/lineage.ts";

const WAITING = "no spinning while waiting (BLPOP signal)";
const RENEWAL = "auto_renewal, every two thirds of the ttl, stops when the lock object is collected";
const ERRORS = "AlreadyAcquired, NotAcquired, NotExpirable, InvalidTimeout, TimeoutNotUsable, TimeoutTooLarge";

/** What it sends to release: compares, leaves a signal for who waits, deletes. */
const THEIR_RELEASE = `
if redis.call("get", KEYS[1]) ~= ARGV[1] then return 1 end
redis.call("del", KEYS[2])
redis.call("lpush", KEYS[2], 1)
redis.call("del", KEYS[1])
return 0`;

/** A way to a store that says how often it was asked for the lock, and whether it hears messages; it can stop asking. */
function ear(lost = 0) {
  const at = { joins: 0, hears: false, mute: false };
  const via = (transport: Transport): Transport => {
    const network = faulty(transport);
    if (lost) network.next("lose", { times: lost });
    return {
      ...network,
      async eval(script, keys, args) {
        if (script === JOIN && at.mute) throw new Error("connect ECONNREFUSED");
        if (script === JOIN) at.joins++;
        return network.eval(script, keys, args);
      },
      wakeups: {
        async listen(channel, onMessage) {
          const stop = (await network.wakeups?.listen(channel, onMessage)) ?? (() => {});
          at.hears = true;
          return stop;
        },
      },
    };
  };
  /** Once when it comes, and once more when it hears: what was said before that nobody has heard. */
  const ready = () => until(async () => at.hears && at.joins > 1, "it does not listen");
  return { at, via, ready };
}

/** How far timers of Node may be ahead of the clock. */
const EARLY = 5;

useContext();
afterAll(() => void context.disable());

lineage("python-redis-lock", (row) => {
  row("acquire(blocking, timeout)", ONE, async (place) => {
    const name = place.fresh();
    const [holder, other] = [place.locks(), place.locks()];
    const lease = await holder.acquire(name);
    expect(await other.tryAcquire(name)).toBeNull();
    const began = place.now();
    await place.settle(failsWith("TIMEOUT", other.acquire(name, { wait: "1s" })));
    expect(place.now() - began).toBeGreaterThan(900);
    const waiting = other.acquire(name, { wait: "15s" });
    const [next] = await place.settle(Promise.all([waiting, place.work(200).then(() => lease.release())]));
    expect(next.held).toBe(true);
  });

  row("expire", ONE, async (place) => {
    const name = place.fresh();
    const lease = await place.locks().acquire(name, { ttl: "600ms" });
    expect(await place.theirs[0]?.pttl(`lock:${name}`)).toBeLessThanOrEqual(600);
    expect(await place.locks().tryAcquire(name)).toBeNull();
    await place.pass(650);
    expect(await place.values(`lock:${name}`)).toEqual([null]);
    expect(lease.held).toBe(false);
  });

  row(RENEWAL, { over: ONE, part: "every third" }, async (place) => {
    const lease = await place.locks({ ttl: "3s", renew: true }).acquire(place.fresh());
    const pauses = () => place.requests.slice(1).map((at, index) => at - (place.requests[index] as number));
    await place.pass(7100);
    expect(lease.held).toBe(true);
    for (const pause of pauses()) expect(pause).toBeGreaterThan(1000 - EARLY);
    expect(pauses().length).toBeGreaterThanOrEqual(4);
    if (place.clock) expect(pauses()).toEqual(Array(7).fill(1000));
  });

  row(RENEWAL, { over: ONE, part: "not after the release" }, async (place) => {
    const lease = await place.locks({ ttl: "1500ms", renew: true }).acquire(place.fresh());
    await place.pass(700);
    await lease.release();
    const sent = place.requests.length;
    expect(sent).toBeGreaterThanOrEqual(3);
    await place.pass(2000);
    expect(place.requests).toHaveLength(sent);
  });

  row(RENEWAL, { over: ONE, part: "not beyond maxHold" }, async (place) => {
    const name = place.fresh();
    const locks = place.locks({ ttl: "2s", renew: true, maxHold: "3s" });
    const lease = await locks.acquire(name);
    const began = place.now();
    await (place.clock?.advance(3000) ?? until(async () => lease.signal.aborted, "maxHold did not end it"));
    expect(place.now() - began).toBeGreaterThan(3000 - EARLY);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "max-hold" });
    expect(lease.held).toBe(false);
    const sent = place.requests.length;
    const next = await place.settle(place.locks().acquire(name, { retry: () => 10_000 }));
    expect(next.held).toBe(true);
    // Those of the next holder alone: one that finds it held, one when its ttl is over.
    expect(place.requests.length - sent).toBeLessThanOrEqual(3);
  });

  for (const [where, url] of [
    ["memory", ""],
    ["Redis", inject("redisUrl")],
  ] as const) {
    row(RENEWAL, `a lease that is collected, over ${where}`, async () => {
      const child = fileURLToPath(new URL("support/collected-child.ts", import.meta.url));
      const run = promisify(execFile)(process.execPath, ["--expose-gc", child, url, `${PREFIX}${fresh()}:`]);
      expect(JSON.parse((await run).stdout)).toEqual({ before: true, next: true, kept: true });
    });
  }

  row("id, get_owner_id(); release from another process with the id", ONE, async (place) => {
    const name = place.fresh();
    const lease = await place.locks({ owner: "worker 3" }).acquire(name);
    const elsewhere = place.locks({ owner: "worker 4" });
    const [holder, more] = (await elsewhere.query(name)).holders;
    expect([holder?.owner, holder?.fence, more]).toEqual([lease.owner, lease.fence, undefined]);
    expect(lease.owner).toBe("worker 3");
    const restored = elsewhere.restore(JSON.parse(JSON.stringify(lease.handOver())));
    expect(await restored.verify()).toBe(true);
    expect([restored.owner, restored.fence]).toEqual(["worker 3", lease.fence]);
    expect(await restored.release()).toBe(true);
    expect((await elsewhere.query(name)).holders).toEqual([]);
  });

  row("id, get_owner_id(); release from another process with the id", "another process, over Redis", async () => {
    const name = fresh();
    const key = (await holdfast([...HERE, "lock", name, "60000", "--owner", "worker 3"])).stdout.trim();
    expect(key).toMatch(/^t[\w-]{22}:? worker 3$/);
    expect((await holdfast([...HERE, "unlock", name, key])).code).toBe(0);
    expect(await holderOf(name)).toBeNull();
  });

  row("locked()", ONE, async (place) => {
    const name = place.fresh();
    const [locks, other] = [place.locks(), place.locks()];
    expect((await other.query(name)).held).toBe(false);
    const lease = await locks.acquire(name, { ttl: "10s" });
    const { held, remaining } = await other.query(name);
    expect([held, remaining <= 10_000, remaining > 0]).toEqual([true, true, true]);
    await lease.release();
    expect((await other.query(name)).held).toBe(false);
    // Without an answer nobody is told that it is free.
    const away = place.locks({ commandTimeout: "1s" }, () => place.gone);
    await place.settle(failsWith("BACKEND", away.query(name)));
  });

  row("extend(expire)", ONE, async (place) => {
    const name = place.fresh();
    const left = async () => Number(await place.theirs[0]?.pttl(`lock:${name}`));
    const lease = await place.locks().acquire(name, { ttl: "5s" });
    const { expiresAt } = lease;
    expect(await lease.extend("60s")).toBeGreaterThan(expiresAt + 50_000);
    expect(lease.remaining()).toBeGreaterThan(40_000);
    expect(await left()).toBeGreaterThan(40_000);
    // It extends, and never shortens.
    await lease.extend("5s");
    expect(await left()).toBeGreaterThan(40_000);
    await lease.release();
    await failsWith("LOST", lease.extend("60s"));
    expect(await left()).toBe(-2);
  });

  row("release() raises NotAcquired", ONE, async (place) => {
    const name = place.fresh();
    const expired = await place.locks().acquire(name, { ttl: "300ms" });
    await place.pass(350);
    expect(await expired.release()).toBe(false);
    const next = await place.locks().acquire(name);
    expect(await expired.release()).toBe(false);
    expect(await next.release()).toBe(true);
    // A second call gives the first one's answer.
    expect(await next.release()).toBe(true);
  });

  row("reset(), reset_all()", { over: ONE, part: "forceRelease" }, async (place) => {
    const name = place.fresh();
    const operator = place.locks();
    expect(await operator.forceRelease(name)).toBe(false);
    const stuck = await place.locks().acquire(name, { ttl: "1500ms", renew: true });
    expect(await operator.forceRelease(name)).toBe(true);
    expect((await operator.tryAcquire(name))?.held).toBe(true);
    await (place.clock?.advance(500) ?? until(async () => stuck.signal.aborted, "its holder was not told"));
    expect(stuck.signal.reason).toMatchObject({ code: "LOST", reason: "taken" });
    expect(await stuck.release()).toBe(false);
    expect((await operator.query(name)).held).toBe(true);
  });

  row("reset(), reset_all()", "holdfast reset", async () => {
    const prefix = `${PREFIX}${fresh()}:`;
    const here = [...HERE.slice(0, 2), "--prefix", prefix];
    const lock = (name: string) => shared().send("SET", prefix + name, "a process that crashed");
    const left = async () => ((await shared().send("KEYS", `${prefix}*`)) as Buffer[]).map(String).sort();
    await Promise.all(["a", "b", "c"].map(lock));
    await shared().send("SET", `${prefix.slice(0, -1)}-other`, "of another prefix");
    expect((await holdfast([...here, "reset", "b"], {}, "y\n")).code).toBe(0);
    expect(await left()).toEqual([`${prefix}a`, `${prefix}c`]);
    expect((await holdfast([...here, "reset", "--all"], {}, "n\n")).code).toBe(1);
    expect(await left()).toEqual([`${prefix}a`, `${prefix}c`]);
    expect((await holdfast([...here, "reset", "--all", "--yes"])).code).toBe(0);
    expect(await left()).toEqual([]);
    expect(await shared().send("DEL", `${prefix.slice(0, -1)}-other`)).toBe(1);
  });

  row(WAITING, { over: ONE, part: "the release itself wakes" }, async (place) => {
    const name = place.fresh();
    const { at, via, ready } = ear();
    const held = await place.locks({ fair: true }).acquire(name);
    const waiting = place.locks({ fair: true, renew: true }, via).acquire(name);
    await ready();
    // It could not ask any more.
    at.mute = true;
    const before = at.joins;
    await held.release();
    const lease = await waiting;
    expect([lease.held, at.joins, lease.fence > held.fence]).toEqual([true, before, true]);
    expect(await lease.verify()).toBe(true);
  });

  row(WAITING, { over: ONE, part: "once a second at most until then" }, async (place) => {
    const name = place.fresh();
    const { at, via, ready } = ear();
    const held = await place.locks({ fair: true }).acquire(name);
    const waiting = place.locks({ fair: true }, via).acquire(name, { wait: "1m" });
    await ready();
    const [began, before] = [place.now(), at.joins];
    await place.pass(2500);
    expect(at.joins - before).toBeLessThanOrEqual(1 + (place.now() - began) / (1000 - EARLY));
    await held.release();
    expect((await place.settle(waiting)).held).toBe(true);
  });

  row(WAITING, { over: ONE, part: "polling backs off" }, async (place) => {
    const name = place.fresh();
    const held = await place.locks().acquire(name, { ttl: "1m" });
    const without = ({ set, eval: run }: Transport): Transport => ({ set, eval: run });
    const other = place.locks({ retry: { min: 100, max: 800, jitter: 0 }, wait: "1m" }, without);
    const before = place.requests.length;
    const waiting = other.acquire(name);
    await place.pass(2600);
    const asked = place.requests.slice(before);
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] as number));
    expect(pauses.length).toBeGreaterThan(2);
    for (const [index, pause] of pauses.entries())
      expect(pause).toBeGreaterThan(Math.min(800, 100 * 2 ** index) - EARLY);
    await held.release();
    expect((await place.settle(waiting)).held).toBe(true);
  });

  row(WAITING, { over: ONE, part: "a lost wake-up costs one poll" }, async (place) => {
    const name = place.fresh();
    const { at, via, ready } = ear(Infinity);
    const held = await place.locks({ fair: true }).acquire(name);
    const waiting = place.locks({ fair: true, renew: true }, via).acquire(name);
    await ready();
    const before = at.joins;
    await held.release();
    const lease = await place.settle(waiting);
    expect([lease.held, at.joins > before]).toEqual([true, true]);
    // In real time one may have been under way.
    expect(at.joins - before).toBeLessThanOrEqual(place.clock ? 1 : 2);
  });

  row(ERRORS, { over: ONE, part: "their cases" }, async (place) => {
    const name = place.fresh();
    const locks = place.locks({ owner: "me" });
    for (const wrong of [{ wait: -1 }, { wait: "0" }, { ttl: Infinity }, { ttl: 0 }]) {
      await failsWith("OPTIONS", locks.acquire(name, wrong));
    }
    expect(place.requests).toEqual([]);

    const lease = await locks.acquire(name, { ttl: "10s" });
    const again = await place.settle(failsWith("TIMEOUT", locks.acquire(name, { wait: 0 })));
    expect(again.message).toContain("this caller's own label");
    // A time to wait means nothing where nobody waits.
    expect(await locks.tryAcquire(name, { wait: "10s" })).toBeNull();
    await lease.release();
    const ended = await failsWith("LOST", lease.extend());
    expect(ended.message).toContain(name);
    expect(await lease.verify()).toBe(false);
  });

  row(ERRORS, { over: ONE, part: "a wait longer than the ttl" }, async (place) => {
    const name = place.fresh();
    const options = { ttl: "1500ms", wait: "15s", renew: true };
    const lease = await place.locks().acquire(name, options);
    const waiting = place.locks().acquire(name, options);
    const [next] = await place.settle(
      Promise.all([
        waiting,
        place.work(3500).then(async () => {
          expect(lease.held).toBe(true);
          await lease.release();
        }),
      ]),
    );
    expect([lease.held, next.held]).toEqual([false, true]);
  });

  row("loggers by name: acquire, refresh, release", { over: ONE, part: "onEvent" }, async (place) => {
    const name = place.fresh();
    const log: string[] = [];
    const onEvent = (event: LockEvent) => void log.push(`${event.type} ${event.name} ${event.owner}`);
    await place.settle(place.locks({ ttl: "1500ms", owner: "me", onEvent }).request(name, () => place.work(700)));
    const [acquired, renewed, ...rest] = log;
    expect([acquired, renewed]).toEqual([`acquired ${name} me`, `renewed ${name} me`]);
    expect(rest.at(-1)).toBe(`released ${name} me`);
  });

  row("loggers by name: acquire, refresh, release", { over: ONE, part: "OpenTelemetry" }, async (place) => {
    const name = place.fresh();
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const { onEvent, traced } = instrument({ tracer: provider.getTracer("test") });
    const { clock } = place;
    // As the platform's timers do: what they call runs where they were started.
    const timer: Clock["timer"] = (ms, callback) =>
      (clock as Clock).timer(ms, context.bind(context.active(), callback));
    const locks = traced(place.locks({ ttl: "1500ms", onEvent, ...(clock && { clock: { ...clock, timer } }) }));
    await place.settle(locks.request(name, () => place.work(700)));
    const spans = exporter.getFinishedSpans();
    expect(spans.map((span) => span.name)).toEqual(["holdfast.wait", "holdfast.hold"]);
    for (const { attributes } of spans) expect(attributes["holdfast.lock.name"]).toBe(name);
    expect(spans[1]?.attributes).toMatchObject({ "holdfast.outcome": "released" });
    expect(spans[1]?.attributes["holdfast.renewals"]).toBeGreaterThanOrEqual(1);
    await provider.shutdown();
  });

  row("dogpile protection: cache.lock(key), locked_get_or_set", ONE, async (place) => {
    const key = place.fresh();
    let computed = 0;
    const compute = async () => {
      await place.work(300);
      return { value: ++computed };
    };
    const fleet = [1, 2, 3].map(() => place.locks());
    const getOrSet = () =>
      fleet.flatMap((locks) => [1, 2, 3].map(() => singleFlight(locks, key, { keep: "1m" }, compute)));
    expect(await place.settle(Promise.all(getOrSet()))).toEqual(Array(9).fill({ value: 1 }));
    expect(await place.settle(Promise.all(getOrSet()))).toEqual(Array(9).fill({ value: 1 }));
    expect(computed).toBe(1);
  });

  row("keys lock:<name>", ONE, async (place) => {
    const name = place.fresh();
    const [theirs] = place.theirs;
    const locks = place.locks();
    const id = "YWJjZGVmZ2hpamtsbW5vcHFy";
    expect(await theirs?.take(`lock:${name}`, id, 60_000)).toBe(true);
    expect(await locks.tryAcquire(name)).toBeNull();
    const waiting = locks.acquire(name);
    const released = place.work(200).then(() => theirs?.giveBack(`lock:${name}`, id));
    const [lease, gaveBack] = await place.settle(Promise.all([waiting, released]));
    expect([lease.held, gaveBack]).toEqual([true, true]);
    expect(await theirs?.take(`lock:${name}`, id, 60_000)).toBe(false);
    expect(await theirs?.giveBack(`lock:${name}`, id)).toBe(false);
    await lease.release();
    expect(await theirs?.take(`lock:${name}`, id, 60_000)).toBe(true);
  });

  row("keys lock:<name>", "with its own commands, over Redis", async () => {
    const name = PREFIX + fresh();
    const [lock, signal] = [`lock:${name}`, `lock-signal:${name}`];
    const here = ["--redis", inject("redisUrl")];
    const redis = shared();
    const id = "YWJjZGVmZ2hpamtsbW5vcHFy";
    const release = () => redis.send("EVAL", THEIR_RELEASE, "2", lock, signal, id);

    // Without `expire` it never ends, and with it after whole seconds.
    expect(String(await redis.send("SET", lock, id, "NX"))).toBe("OK");
    const status = await holdfast([...here, "status", name, "--json"]);
    expect(JSON.parse(status.stdout).locks).toMatchObject([{ held: true, remaining: null }]);
    expect(await release()).toBe(0);
    expect(String(await redis.send("SET", lock, id, "EX", "60", "NX"))).toBe("OK");
    expect((await holdfast([...here, "lock", name, "60000", "--wait", "0"])).code).toBe(1);
    expect(await release()).toBe(0);

    const key = (await holdfast([...here, "lock", name, "60000"])).stdout.trim();
    expect(await redis.send("SET", lock, id, "EX", "60", "NX")).toBeNull();
    expect(await release()).toBe(1);
    expect(String(await redis.send("GET", lock))).toBe(key);
    expect((await holdfast([...here, "unlock", name, key])).code).toBe(0);
    await until(async () => (await redis.send("EXISTS", lock)) === 0, "it was not unlocked");
    expect(String(await redis.send("SET", lock, id, "EX", "60", "NX"))).toBe("OK");
    await redis.send("DEL", lock, signal);
  });
});
