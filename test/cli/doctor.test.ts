import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import {
  clock,
  eviction,
  memory,
  parseInfo,
  persistence,
  replication,
  roundTrip,
  version,
} from "../../cli/findings.ts";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { startRestServer } from "../support/rest-server.ts";
import { fresh, HERE, holdfast, PREFIX, shared } from "./support.ts";

interface Found {
  check: string;
  status: string;
  found: string;
  advice?: string;
}

async function withRedis(
  args: string[],
  use: (server: RedisServer, client: RespClient) => Promise<void>,
): Promise<void> {
  const server = await startRedis({ args });
  const client = respClient(server.url);
  try {
    await use(server, client);
  } finally {
    client.close();
    await server.stop();
  }
}

async function diagnose(url: string): Promise<{ code: number | null; findings: Map<string, Found> }> {
  const { code, stdout } = await holdfast(["doctor", "--json", "--redis", url]);
  const [server] = JSON.parse(stdout).servers as { findings: Found[] }[];
  return { code, findings: new Map(server?.findings.map((finding) => [finding.check, finding])) };
}

test.concurrent("of a server that will do it says so, in words, and leaves nothing behind", async () => {
  const prefix = `${PREFIX}${fresh("doctor")}:`;
  const { code, stdout } = await holdfast(["doctor", "--redis", HERE[1] as string, "--prefix", prefix]);
  expect(code).toBe(0);
  for (const check of ["round trip", "clock", "EVAL", "locks", "version", "eviction", "persistence", "replicas"]) {
    expect(stdout).toMatch(new RegExp(`^ {2}(ok|note|warn) {2,4}${check} `, "m"));
  }
  expect(stdout).toContain(`${inject("redisUrl")} (from --redis)`);
  const [, keys] = (await shared().send("SCAN", "0", "MATCH", `*${prefix}*`, "COUNT", "100000")) as [Buffer, Buffer[]];
  expect(keys).toEqual([]);
});

test.concurrent("eviction: a policy that throws locks away, and memory that is full", async () => {
  await withRedis(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], async ({ url }, client) => {
    const { code, findings } = await diagnose(url);
    expect(code).toBe(0);
    expect(findings.get("eviction")).toMatchObject({
      status: "warn",
      found: expect.stringContaining("allkeys-lru: at 105 MB Redis throws keys away"),
      advice: expect.stringContaining("noeviction"),
    });
    await client.send("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await client.send("CONFIG", "SET", "maxmemory", "1");
    const full = await diagnose(url);
    expect(full.code).toBe(1);
    expect(full.findings.get("locks")).toMatchObject({
      status: "fail",
      advice: "Free memory, or raise maxmemory",
    });
    expect(full.findings.get("memory")?.status).toBe("warn");
  });
});

test.concurrent("permissions: a user that may not run scripts, and one that may not see the fences", async () => {
  await withRedis([], async ({ url }, client) => {
    await client.send("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", "-@scripting");
    await client.send("ACL", "SETUSER", "keys", "on", ">pw", "~lock:*", "+@all", "-info", "-config");
    const half = await diagnose(url.replace("//", "//half:pw@"));
    expect(half.code).toBe(1);
    expect(half.findings.get("EVAL")).toMatchObject({ status: "fail", advice: expect.stringContaining("eval") });
    expect(half.findings.get("EVAL")?.found).toContain("NOPERM");
    expect(half.findings.get("locks")?.status).toBe("fail");
    const keys = await diagnose(url.replace("//", "//keys:pw@"));
    expect(keys.code).toBe(1);
    expect(keys.findings.get("EVAL")?.status).toBe("ok");
    expect(keys.findings.get("locks")).toMatchObject({
      status: "fail",
      advice: expect.stringContaining("fence.7t5:*"),
    });
    expect(keys.findings.get("settings")).toMatchObject({ status: "note", advice: expect.stringContaining("INFO") });
  });
});

test.concurrent("a replica is the wrong server, and its master may lose a lock to it", async () => {
  await withRedis([], async (master, client) => {
    await withRedis(["--replicaof", `127.0.0.1 ${master.port}`, "--repl-diskless-sync-delay", "0"], async (replica) => {
      await client.send("CONFIG", "SET", "repl-diskless-sync-delay", "0");
      await until(
        async () => String(await client.send("INFO", "replication")).includes("state=online"),
        "no replica",
        30_000,
      );
      const wrong = await diagnose(replica.url);
      expect(wrong.code).toBe(1);
      expect(wrong.findings.get("replicas")).toMatchObject({
        status: "fail",
        found: `this is a replica of 127.0.0.1:${master.port}`,
        advice: "Connect to the master",
      });
      expect(wrong.findings.get("locks")?.status).toBe("fail");
      const right = await diagnose(master.url);
      expect(right.code).toBe(0);
      expect(right.findings.get("replicas")).toMatchObject({
        status: "warn",
        found: expect.stringContaining("1: they lag"),
      });
    });
  });
});

test.concurrent("persistence: none, a file that lags a second, a file that does not", async () => {
  const dir = mkdtempSync(join(tmpdir(), "holdfast-doctor-"));
  await withRedis(["--dir", dir], async ({ url }, client) => {
    const of = async () => (await diagnose(url)).findings.get("persistence");
    expect(await of()).toMatchObject({
      status: "warn",
      found: expect.stringMatching(/^none: a restart forgets every lock/),
    });
    await client.send("CONFIG", "SET", "save", "3600 1");
    expect(await of()).toMatchObject({ status: "warn", found: expect.stringMatching(/^snapshots only/) });
    await client.send("CONFIG", "SET", "appendonly", "yes");
    expect(await of()).toMatchObject({ status: "note", found: expect.stringContaining("a second") });
    await client.send("CONFIG", "SET", "appendfsync", "always");
    expect(await of()).toMatchObject({ status: "ok" });
  });
  rmSync(dir, { recursive: true, force: true });
});

test.concurrent("a node of a Cluster has a part of the names", async () => {
  const [node] = inject("clusterNodes");
  const { findings } = await diagnose(`redis://${node?.host}:${node?.port}`);
  expect(findings.get("cluster")).toMatchObject({ status: "warn" });
});

test.concurrent("a server that was just started is told apart, and the same one twice by two addresses too", async () => {
  await withRedis([], async ({ url, port }) => {
    const words = ["doctor", "--json", "--redis", url, "--redis", `redis://localhost:${port}`];
    const { code, stdout } = await holdfast(words);
    const { servers, together, fit } = JSON.parse(stdout);
    expect(servers[0].findings).toContainEqual(expect.objectContaining({ check: "uptime", status: "note" }));
    expect(together).toContainEqual(expect.objectContaining({ check: "independence", status: "fail" }));
    expect(together).toContainEqual(expect.objectContaining({ check: "number", status: "note" }));
    expect({ code, fit }).toEqual({ code: 1, fit: false });
  });
});

test.concurrent("Upstash is examined by REST", async () => {
  const rest = await startRestServer({ redisUrl: inject("redisUrl"), token: "the-token" });
  const { code, findings } = await diagnose(rest.url.replace("//", "//:the-token@"));
  await rest.close();
  expect(code).toBe(0);
  expect(findings.get("locks")?.status).toBe("ok");
  expect(findings.get("version")?.status).toBe("ok");
});

test("what cannot be had here: old versions, clocks apart, slow lines, disks that fail, a server that tells nothing", () => {
  const info = (text: string) => parseInfo(text.replaceAll(" ", "\r\n"));
  expect(version(info("redis_version:6.0.16"))).toMatchObject({ status: "fail", found: "Redis 6.0.16 is too old" });
  expect(version(info("redis_version:6.2.0"))).toMatchObject({ status: "ok" });
  expect(version(info("redis_version:7.2.4 server_name:valkey valkey_version:8.1.0"))).toMatchObject({
    found: "Valkey 8.1.0",
  });
  expect(clock(-61_000, 2)).toMatchObject({ status: "warn", found: expect.stringContaining("61.0 s behind ours") });
  expect(clock(3, 2)).toMatchObject({ status: "ok" });
  expect(roundTrip([1, 2, 400], 3000)).toMatchObject({ status: "warn" });
  expect(persistence(info("aof_enabled:1 aof_last_write_status:err"), new Map())).toMatchObject({ status: "fail" });
  expect(memory(info("maxmemory:100 used_memory:10"))).toBeUndefined();
  for (const judge of [version, eviction, replication]) expect(judge(new Map()).status).toBe("note");
  expect(persistence(new Map(), new Map()).status).toBe("note");
});
