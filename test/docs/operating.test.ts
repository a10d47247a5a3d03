import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { createLocks, isLockError, type Locks, type LocksOptions, type Transport } from "../../src/index.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { outcome } from "../support/outcome.ts";
import { type RedisCluster, type RedisServer, startCluster, startRedis } from "../support/redis-server.ts";
import { type RespClient, RespError, respClient, text } from "../support/resp.ts";
import { CLIENTS, type ClientKind, type TcpClient, tcpClient } from "../support/tcp-clients.ts";
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

async function connect(url = server.url, kind: ClientKind = "ioredis"): Promise<TcpClient["transport"]> {
  const client = await tcpClient(kind, url);
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
    ]);
    const lease = await locks.acquire("a", { owner: "host 7" });
    expect(await keys()).toEqual(["fence.7t5:lock:a", "lock:a"]);
    expect(text(await redis.send("GET", "lock:a"))).toBe(`${lease.token.slice(0, 23)} host 7`);
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

/** What follows the name of the user. */
const RULES = (/^ACL SETUSER .*$/m.exec(page)?.[0] ?? "").split(" ").slice(3);

describe("rights", () => {
  const rights = RULES.filter((each) => /^[+~]/.test(each));
  let users = 0;
  // ioredis warns that it may not ask for INFO, which it does not need.
  beforeAll(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
  afterAll(() => void vi.restoreAllMocks());

  async function user(missing?: string): Promise<string> {
    const name = `user-${++users}`;
    const allowed = RULES.filter((each) => each !== missing).map((each) => each.replace("PASSWORD", "secret"));
    expect(text(await redis.send("ACL", "SETUSER", name, ...allowed))).toBe("OK");
    return `redis://${name}:secret@${server.host}:${server.port}`;
  }

  /** What does not work, with what is said of it. */
  async function failures(url: string, kind: ClientKind = "ioredis"): Promise<Record<string, string>> {
    await redis.send("FLUSHALL");
    await redis.send("SCRIPT", "FLUSH");
    const transport = await connect(url, kind);
    const failed: Record<string, string> = {};
    const errors: Error[] = [];
    const options = {
      wait: 0,
      onEvent: ({ error }: { error?: Error | undefined }) => void (error && errors.push(error)),
    };
    async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
      errors.length = 0;
      const { error } = await outcome(work());
      const first = (error as Error | undefined) ?? errors[0];
      if (first) failed[what] ??= first.message;
    }
    for (const fence of [true, false]) {
      const locks = createLocks(transport, { ...options, fence });
      const name = `fence ${fence}`;
      await attempt("grant", async () => (await locks.acquire(name)).handOver());
      await attempt("release", async () => (await locks.acquire(`${name}, released`)).release());
      await attempt("minHold", () => locks.request(`${name}, kept`, { minHold: "1s" }, () => {}));
      await attempt("extend", async () => (await locks.acquire(`${name}, extended`)).extend("1m"));
      await attempt("verify", async () => (await locks.acquire(`${name}, verified`)).verify());
      await attempt("query", () => locks.query(name));
      await attempt("busy", () => locks.tryAcquire(name));
      await attempt("wait", () =>
        locks.acquire(name, { wait: 50 }).catch((error: unknown) => {
          if (!isLockError(error, "TIMEOUT")) throw error;
        }),
      );
      await attempt("list", () => locks.list()[Symbol.asyncIterator]().next());
      await attempt("force", () => locks.forceRelease(name));
      await locks.close();
    }
    const locks = createLocks(transport, options);
    await attempt("flight", () => singleFlight(locks, "flight", { keep: "1m" }, () => 1));
    await locks.close();
    return failed;
  }

  test.each(CLIENTS)("of the rule are enough, by %s", async (kind) => {
    expect(rights.length).toBeGreaterThan(10);
    expect(await failures(await user(), kind)).toEqual({});
  });

  test.each(rights)("without %s something is refused, by an error that names it", async (right) => {
    const failed = await failures(await user(right));
    expect(Object.keys(failed).length).toBeGreaterThan(0);
    const named = right.startsWith("+") ? right.slice(1) : right.replace(/lock:\*$/, "*").replace(/^~(\*)?/, "");
    const messages = Object.values(failed).filter((message) => /NOPERM|can't run this command/.test(message));
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) {
      expect(message).toContain("Allow this user ");
      expect(message.split("Allow this user ")[1]).toContain(named);
    }
    const said = tableUnder(page, "Rights").map(([cell]) => cell);
    expect(said.some((cell) => cell?.includes(`\`${right.replace("+", "")}\``))).toBe(true);
  });

  test("let SCAN see the names of all keys", async () => {
    await redis.send("SET", "other:key", "somebody's");
    const limited = respClient(await user());
    expect(await limited.send("GET", "other:key")).toBeInstanceOf(RespError);
    const [, found] = (await limited.send("SCAN", "0", "COUNT", "1000")) as [Buffer, Buffer[]];
    expect(found.map(String)).toContain("other:key");
    limited.close();
  });

  test("that are missing cost what the table says", async () => {
    const without = async (right: string) => Object.keys(await failures(await user(right)));
    expect(await without("+scan")).toEqual(["list"]);
    expect(await without("~result.qdb:lock:*")).toEqual(["flight"]);
    expect(await without("+pexpire")).toEqual(["extend"]);
    expect(await without("+del")).toEqual(["release", "force", "flight"]);
    expect(await without("+time")).toContain("grant");
    expect(await without("+pttl")).toEqual(expect.arrayContaining(["verify", "query", "wait"]));
    expect(await without("+pttl")).not.toContain("grant");
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

describe("rights at a Cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster?.stop());

  async function users(name: string, ...more: string[]): Promise<void> {
    for (const { host, port } of cluster.nodes) {
      const admin = respClient(`redis://${host}:${port}`);
      const rules = [...RULES.map((each) => each.replace("PASSWORD", "secret")), ...more];
      expect(text(await admin.send("ACL", "SETUSER", name, ...rules))).toBe("OK");
      admin.close();
    }
  }

  async function works(kind: ClientKind, username: string): Promise<unknown> {
    const use = async (transport: Transport) => {
      const locks = createLocks(transport, { wait: "2s" });
      for (const name of ["a", "b", "c"]) await locks.request(name, () => {});
      await locks.list()[Symbol.asyncIterator]().next();
    };
    if (kind === "ioredis") {
      const redisOptions = { username, password: "secret", maxRetriesPerRequest: 1 };
      const client = new Cluster(cluster.nodes, { redisOptions, clusterRetryStrategy: () => null });
      client.on("error", () => {});
      return (await outcome(use(ioredis(client)).finally(() => client.disconnect()))).error;
    }
    const client = createCluster({
      rootNodes: cluster.nodes.map(({ host, port }) => ({ socket: { host, port, reconnectStrategy: false } })),
      defaults: { username, password: "secret" },
    });
    client.on("error", () => {});
    const connected = await outcome(client.connect());
    if (connected.error) return connected.error;
    return (await outcome(use(nodeRedis(client)).finally(() => client.destroy()))).error;
  }

  test("are those of the rule and what the client asks the Cluster", { timeout: 60_000 }, async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    for (const right of ["+cluster|slots", "+cluster|info", "+info"]) expect(page).toContain(`\`${right}\``);
    await users("none");
    await users("slots", "+cluster|slots");
    await users("both", "+cluster|slots", "+cluster|info");
    expect(await works("node-redis", "none")).toBeDefined();
    expect(await works("node-redis", "slots")).toBeUndefined();
    expect(await works("ioredis", "slots")).toBeDefined();
    expect(await works("ioredis", "both")).toBeUndefined();
    vi.restoreAllMocks();
  });
});

test("metrics to watch are those of the guide to observability", () => {
  const known = read("docs/observability.md");
  const named = page.match(/holdfast\.[\w.]+/g) ?? [];
  expect(named.length).toBeGreaterThan(5);
  for (const name of named) expect(known, name).toContain(name);
});
