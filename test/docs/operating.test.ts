import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocks, type Locks, type LocksOptions } from "../../src/index.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient, text } from "../support/resp.ts";
import { type TcpClient, tcpClient } from "../support/tcp-clients.ts";
import { read, tableUnder } from "./markdown.ts";

const page = read("docs/operating.md");
const plain = (cell = "") => cell.replaceAll("`", "");

let server: RedisServer;
let redis: RespClient;
const clients: TcpClient[] = [];
beforeAll(async () => {
  server = await startRedis();
  redis = respClient(server.url);
});
afterAll(async () => {
  for (const client of clients) client.close();
  redis?.close();
  await server?.stop();
});

async function connect(url = server.url): Promise<TcpClient["transport"]> {
  const client = await tcpClient("ioredis", url);
  clients.push(client);
  return client.transport;
}
const locksAt = async (url?: string, options?: LocksOptions) => createLocks(await connect(url), options);
const pttl = async (key: string) => Number(await redis.send("PTTL", key));
const keys = async (at = redis) => ((await at.send("KEYS", "*")) as Buffer[]).map(String).sort();

describe("keys", () => {
  let locks: Locks;
  beforeAll(async () => {
    locks = await locksAt();
  });

  test("are those of the table, and live for as long as it says", async () => {
    await redis.send("FLUSHALL");
    expect(tableUnder(page, "Keys").map(([key]) => plain(key))).toEqual([
      "lock:NAME",
      "fence.7t5:lock:NAME",
      "result.qdb:lock:NAME",
      "queue.b0v5:lock:NAME",
      "alive.dcr7:lock:NAME",
    ]);
    const lease = await locks.acquire("a", { owner: "host 7" });
    expect(await keys()).toEqual(["fence.7t5:lock:a", "lock:a"]);
    expect(text(await redis.send("GET", "lock:a"))).toBe(`${lease.token.slice(0, 23)}: host 7`);
    const [lock, record] = [await pttl("lock:a"), await pttl("fence.7t5:lock:a")];
    expect(lock).toBeGreaterThan(20_000);
    expect(lock).toBeLessThanOrEqual(30_000);
    const { 0: life = "" } = /1 h 15 m 30 s by default/.exec(page) ?? [];
    expect(life).not.toBe("");
    expect(record).toBeGreaterThan(4_530_000 - 10_000);
    expect(record).toBeLessThanOrEqual(4_530_000 + 1000);
    await lease.release();
    expect(await keys()).toEqual(["fence.7t5:lock:a"]);

    await redis.send("FLUSHALL");
    await locks.request("b", { maxHold: Infinity }, () => {});
    expect((await pttl("fence.7t5:lock:b")) - 25 * 3_600_000).toBeGreaterThan(20_000);
    expect((await pttl("fence.7t5:lock:b")) - 25 * 3_600_000).toBeLessThanOrEqual(31_000);

    await redis.send("FLUSHALL");
    await locks.request("c", { fence: false }, async () => expect(await keys()).toEqual(["lock:c"]));
    expect(await keys()).toEqual([]);

    await locks.request("d", { fence: false, minHold: "1m" }, () => {});
    expect(text(await redis.send("GET", "lock:d"))).toMatch(/^\.t/);
    await singleFlight(locks, "e", { keep: "2m" }, () => "the result");
    expect(text(await redis.send("GET", "result.qdb:lock:e"))).toContain("the result");
    expect(await pttl("result.qdb:lock:e")).toBeLessThanOrEqual(120_000);
  });

  test("of who waits: the line, and the mark", async () => {
    await redis.send("FLUSHALL");
    const other = await locksAt();
    const held = await locks.acquire("waited for");
    const waiting = other.acquire("waited for");
    await until(async () => (await pttl("alive.dcr7:lock:waited for")) > 0, "there is no mark");
    expect(await pttl("alive.dcr7:lock:waited for")).toBeLessThanOrEqual(30_000);
    expect(text(await redis.send("GET", "alive.dcr7:lock:waited for"))).toBe("1");
    await held.release();
    await (await waiting).release();

    const first = await locks.acquire("in line", { fair: true });
    const second = other.acquire("in line", { fair: true });
    await until(async () => (await pttl("queue.b0v5:lock:in line")) > 0, "there is no line");
    expect(await pttl("queue.b0v5:lock:in line")).toBeLessThanOrEqual(60_000);
    expect(text(await redis.send("TYPE", "queue.b0v5:lock:in line"))).toBe("zset");
    const [place] = (await redis.send("ZRANGE", "queue.b0v5:lock:in line", "0", "0")) as Buffer[];
    await first.release();
    const { token } = await second;
    expect(String(place).split(" ")[1]).toBe(token);
    await (await second).release();

    // Handed over, and not yet confirmed.
    const last = await locks.acquire("handed", { fair: true });
    await redis.send("ZADD", "queue.b0v5:lock:handed", "1", `who t${"a".repeat(22)} gone`);
    await redis.send("ZADD", "queue.b0v5:lock:handed", String(Date.now() + 60_000), "who");
    await last.release();
    expect(text(await redis.send("GET", "lock:handed"))).toBe(`?t${"a".repeat(22)} gone`);
  });

  test("who deletes a lock by hand: its holder is told so", async () => {
    const lease = await locks.acquire("by hand");
    await redis.send("DEL", "lock:by hand");
    expect(await lease.verify()).toBe(false);
    expect(lease.signal.reason).toMatchObject({ reason: "deleted" });
  });

  test("FLUSHALL: the holder is told, and later fences are larger", async () => {
    const lease = await locks.acquire("flushed");
    const taken = await locks.acquire("flushed and taken");
    await redis.send("FLUSHALL");
    expect((await locks.acquire("flushed and taken")).fence).toBeGreaterThan(taken.fence);
    for (const each of [lease, taken]) expect(await each.verify()).toBe(false);
    expect(lease.signal.reason).toMatchObject({ reason: "deleted" });
    expect(taken.signal.reason).toMatchObject({ reason: "taken" });
  });
});

describe("memory", () => {
  const NAMES = 1024;
  const used = async () => Number(/^used_memory:(\d+)/m.exec(text(await redis.send("INFO", "memory")))?.[1]);

  test("of a name is what the table says, within a quarter", { timeout: 60_000 }, async () => {
    const claimed = tableUnder(page, "Memory").map(([, bytes]) => Number(bytes));
    const transport = await connect();
    const [fenced, unfenced] = [createLocks(transport), createLocks(transport, { fence: false })];
    for (const locks of [fenced, unfenced]) await locks.request("the scripts", () => {});

    async function bytes(...steps: ((name: string) => Promise<unknown>)[]): Promise<number> {
      await redis.send("FLUSHALL");
      const before = await used();
      for (const step of steps) {
        for (let done = 0; done < NAMES; done += 64)
          await Promise.all(Array.from({ length: 64 }, (_, index) => step(`invoice:${100_000 + done + index}`)));
      }
      return ((await used()) - before) / NAMES;
    }
    const cycle = (name: string) => fenced.request(name, () => {});
    const measured = [
      await bytes((name) => fenced.acquire(name)),
      await bytes((name) => unfenced.acquire(name)),
      await bytes(cycle),
      await bytes(...Array.from({ length: 9 }, () => cycle)),
      await bytes((name) => unfenced.request(name, () => {})),
    ];
    expect(claimed).toHaveLength(measured.length);
    for (const [row, each] of measured.entries()) {
      expect(each, `row ${row}`).toBeGreaterThan((claimed[row] as number) * 0.75 - 30);
      expect(each, `row ${row}`).toBeLessThan((claimed[row] as number) * 1.25 + 30);
    }
  });
});

describe("a restart from an old RDB", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-rdb-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("forgets newer locks, and brings back what was given back since, for its ttl", { timeout: 30_000 }, async () => {
    const first = await startRedis({ dir: folder });
    const admin = respClient(first.url);
    const before = await locksAt(first.url);
    const old = await before.acquire("given back");
    expect(text(await admin.send("SAVE"))).toBe("OK");
    await old.release();
    const later = await before.acquire("given back");
    const newer = await before.acquire("newer");
    admin.close();
    await first.kill("SIGKILL");

    const second = await startRedis({ dir: folder, port: first.port });
    const after = await locksAt(second.url);
    const again = await after.tryAcquire("newer");
    expect(again?.fence).toBeGreaterThan(newer.fence);
    expect(await after.tryAcquire("given back")).toBe(null);
    const { remaining } = await after.query("given back");
    expect(remaining).toBeGreaterThan(0);
    expect(remaining).toBeLessThanOrEqual(30_000);
    expect(await outcome(later.verify())).toMatchObject({ value: false });
    expect(later.signal.reason).toMatchObject({ reason: "taken" });
    await after.forceRelease("given back");
    expect((await after.acquire("given back")).fence).toBeGreaterThan(later.fence);
    await second.stop();
  });
});

test("a restart with all data: the lock is held on, and its time goes on", { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-aof-"));
  const args = ["--appendonly", "yes", "--appendfsync", "always"];
  const first = await startRedis({ dir: folder, args });
  const locks = await locksAt(first.url, { ttl: "1m" });
  const lease = await locks.acquire("kept");
  await first.kill("SIGKILL");
  const second = await startRedis({ dir: folder, args, port: first.port });
  expect(await lease.verify()).toBe(true);
  const after = respClient(second.url);
  expect(await after.send("PTTL", "lock:kept")).toBeLessThan(60_000);
  after.close();
  await second.stop();
  await rm(folder, { recursive: true, force: true });
});

test("metrics to watch are those of the guide to observability", () => {
  const known = read("docs/observability.md");
  const named = page.match(/holdfast\.[\w.]+/g) ?? [];
  expect(named.length).toBeGreaterThan(5);
  for (const name of named) expect(known, name).toContain(name);
});
