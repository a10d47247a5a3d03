import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocks, type Locks, type LocksOptions } from "../../src/index.ts";
import { type KeyRing, keyRing } from "../support/key-ring.ts";
import { failsWith, noUnhandledRejections, outage, SLACK } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient, text } from "../support/resp.ts";
import { CLIENTS, type TcpClient, tcpClient } from "../support/tcp-clients.ts";

noUnhandledRejections();

describe.each(CLIENTS)("%s, at a server that refuses", (kind) => {
  let server: RedisServer;
  let redis: RespClient;
  let keys: KeyRing;
  const clients: TcpClient[] = [];
  beforeAll(async () => {
    server = await startRedis();
    redis = respClient(server.url);
    keys = keyRing(redis, "lock:");
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    redis.close();
    await server.stop();
  });

  async function locksAt(url: string, options?: LocksOptions): Promise<Locks> {
    const client = await tcpClient(kind, url);
    clients.push(client);
    return createLocks(client.transport, options);
  }
  async function user(name: string, ...rules: string[]): Promise<string> {
    expect(text(await redis.send("ACL", "SETUSER", name, "on", ">pass-of-user", "~*", "&*", "+@all", ...rules))).toBe(
      "OK",
    );
    return `redis://${name}:pass-of-user@${server.host}:${server.port}`;
  }
  const configure = async (name: string, value: string) =>
    expect(text(await redis.send("CONFIG", "SET", name, value))).toBe("OK");

  test.each([true, false])("a replica: READONLY, asked again until the wait is over (fence: %s)", async (fence) => {
    const replica = await startRedis({ args: ["--replicaof", server.host, String(server.port)] });
    const lock = keys.fresh();
    const locks = await locksAt(replica.url, { fence });
    const began = performance.now();
    await outage(locks.acquire(lock.name, { wait: 2000 }), /READONLY/, /master/);
    expect(performance.now() - began).toBeLessThan(2000 + SLACK);
    // It may be promoted meanwhile.
    const waiting = locks.acquire(lock.name, { wait: "15s" });
    const promoted = respClient(replica.url);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(text(await promoted.send("REPLICAOF", "NO", "ONE"))).toBe("OK");
    promoted.close();
    expect(await (await waiting).release()).toBe(true);
    clients.pop()?.close();
    await replica.stop();
  });

  test.each([true, false])("out of memory: OOM at once, and what is held is extended and released", async (fence) => {
    const [held, lock] = [keys.fresh(), keys.fresh()];
    const locks = await locksAt(server.url, { fence });
    const lease = await locks.acquire(held.name);
    await configure("maxmemory-policy", "noeviction");
    await configure("maxmemory", "1");
    try {
      await outage(locks.acquire(lock.name), /OOM/, /maxmemory/);
      await lease.extend("1m");
      expect(await lease.verify()).toBe(true);
      expect((await locks.query(held.name)).held).toBe(true);
      expect(await lease.release()).toBe(true);
    } finally {
      await configure("maxmemory", "0");
    }
    for (const each of [held, lock]) await keys.expectNothingLeft(each);
  });

  test("too few replicas: NOREPLICAS, asked again until there are enough", async () => {
    const lock = keys.fresh();
    const locks = await locksAt(server.url);
    await configure("min-replicas-to-write", "1");
    try {
      await outage(locks.acquire(lock.name, { wait: 300 }), /NOREPLICAS/, /Connect replicas/);
      const waiting = locks.acquire(lock.name, { wait: "15s", retry: () => 50 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await configure("min-replicas-to-write", "0");
      expect(await (await waiting).release()).toBe(true);
    } finally {
      await configure("min-replicas-to-write", "0");
    }
    await keys.expectNothingLeft(lock);
  });

  test("a disk that takes nothing: MISCONF, asked again until the server does without", async () => {
    const dir = mkdtempSync(join(tmpdir(), "disk-"));
    // Only a server that saves by itself refuses.
    const saving = await startRedis({ dir, args: ["--save", "3600 1000000", "--dbfilename", "x.rdb"] });
    // A folder cannot be written like a file.
    mkdirSync(join(dir, "x.rdb"));
    const admin = respClient(saving.url);
    const locks = await locksAt(saving.url);
    try {
      await admin.send("BGSAVE");
      const failed = async () => text(await admin.send("INFO", "persistence")).includes("rdb_last_bgsave_status:err");
      await until(failed, "the save did not fail");
      await outage(locks.acquire("x", { wait: 300 }), /MISCONF/, /Check its disk/);
      const waiting = locks.acquire("x", { wait: "15s", retry: () => 50 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await admin.send("CONFIG", "SET", "save", "");
      expect(await (await waiting).release()).toBe(true);
    } finally {
      await admin.send("CONFIG", "SET", "save", "");
      clients.pop()?.close();
      admin.close();
      await saving.stop();
      rmSync(dir, { recursive: true });
    }
  });

  test.each([
    ["no scripts", ["-eval", "-evalsha"]],
    ["other keys only", ["resetkeys", "~other:*"]],
    ["lock keys only", ["resetkeys", "~lock:*"]],
  ])("a user who is allowed %s: NOPERM at once, with what to allow", async (what, rules) => {
    const lock = keys.fresh();
    const locks = await locksAt(await user(`user-${what.replaceAll(" ", "-")}`, ...rules));
    const error = await outage(locks.acquire(lock.name), /NOPERM/, /Allow.* eval evalsha/);
    expect(error.message).not.toContain("pass-of-user");
    await failsWith("BACKEND", locks.query(lock.name));
    await keys.expectNothingLeft(lock);
  });

  test.each(["time", "get", "set"])("a user whose scripts may not use %s: refused, no orphan", async (missing) => {
    const lock = keys.fresh();
    const locks = await locksAt(await user(`user-without-${missing}`, `-${missing}`), { wait: 600, retry: () => 50 });
    await outage(locks.acquire(lock.name), /NOPERM|can't run this command/, /Allow.* eval evalsha/);
    await locks.close();
    await keys.expectNothingLeft(lock);
  });

  test("a wrong password: an outage that says so, without the password", async () => {
    await redis.send("ACL", "SETUSER", "default", "resetpass", ">the-right-password");
    const admin = respClient(`redis://:the-right-password@${server.host}:${server.port}`);
    try {
      const locks = await locksAt(`redis://:wrong-password@${server.host}:${server.port}`);
      const error = await failsWith("BACKEND", locks.acquire("x", { wait: 500 }));
      const shown = error.message + error.stack + (error.cause as Error).stack;
      expect(shown).not.toContain("wrong-password");
      if (kind === "ioredis") expect(error.message).toMatch(/(NOAUTH|WRONGPASS).*password/);
    } finally {
      await admin.send("ACL", "SETUSER", "default", "nopass");
      admin.close();
    }
  });

  test.each([true, false])("something else at the key: WRONGTYPE at once, left as it is (fence: %s)", async (fence) => {
    const lock = keys.fresh();
    await redis.send("LPUSH", lock.key, "somebody's list");
    const locks = await locksAt(server.url, { fence });
    await outage(locks.acquire(lock.name), /WRONGTYPE/, /another name or prefix/);
    await outage(locks.query(lock.name), /WRONGTYPE/, /another name or prefix/);
    expect(await redis.send("LLEN", lock.key)).toBe(1);
    await redis.send("DEL", lock.key);

    const lease = await locks.acquire(lock.name);
    await redis.sendAll([
      ["DEL", lock.key],
      ["LPUSH", lock.key, "x"],
    ]);
    await outage(lease.extend(), /WRONGTYPE/, /another name or prefix/);
    await redis.send("DEL", lock.key);
  });

  test("something else at the record's key: WRONGTYPE, no orphan", async () => {
    const lock = keys.fresh();
    await redis.send("LPUSH", `fence.7t5:${lock.key}`, "x");
    const locks = await locksAt(server.url);
    await outage(locks.acquire(lock.name), /WRONGTYPE/, /another name or prefix/);
    await locks.close();
    expect(await keys.holder(lock)).toBeNull();
    await redis.send("DEL", `fence.7t5:${lock.key}`);
  });
});
