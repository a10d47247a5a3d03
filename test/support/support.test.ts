import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { until } from "./redis-process.ts";
import { findRedis, type RedisServer, startRedis } from "./redis-server.ts";
import { type RespClient, RespError, respClient } from "./resp.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const prefix = `${inject("redisPrefix")}support:`;

describe("servers", () => {
  test("a Redis at REDIS_URL comes first", async () => {
    vi.stubEnv("REDIS_URL", "redis://example:1");
    expect(await findRedis()).toEqual({ kind: "url", url: "redis://example:1" });
    vi.unstubAllEnvs();
  });

  test("a private server can be killed, restarted where it was, frozen and stopped", async () => {
    const first = await startRedis();
    await first.kill("SIGKILL");
    const second = await startRedis({ port: first.port });
    const client = respClient(second.url);
    expect(await client.send("DBSIZE")).toBe(0);
    await second.kill("SIGSTOP");
    let answered = false;
    const pong = client.send("PING").then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    await second.kill("SIGCONT");
    await pong;
    await Promise.all([first.stop(), second.stop()]);
    await second.stop();
    await expect(client.send("PING")).rejects.toThrow();
  });

  test("a process that is killed takes its servers and their files with it", async () => {
    const module = JSON.stringify(new URL("./redis-server.ts", import.meta.url).href);
    const code = `
      const { startRedis } = await import(${module});
      const { respClient } = await import(${module.replace("redis-server", "resp")});
      const server = await startRedis();
      const [, dir] = await respClient(server.url).send("CONFIG", "GET", "dir");
      process.stdout.write(JSON.stringify([server.port, String(dir)]) + "\\n");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port, dir] = JSON.parse(String(await once(child.stdout, "data").then(([line]) => line)));
    expect(existsSync(dir)).toBe(true);
    child.kill("SIGKILL");
    const isGone = () =>
      respClient(`redis://127.0.0.1:${port}`)
        .send("PING")
        .then(
          () => false,
          () => true,
        );
    await until(isGone, "the server did not end", 3000);
    await until(async () => !existsSync(dir), "its directory was not removed", 3000);
  });

  test("the Cluster spreads its slots over three masters", async () => {
    const nodes = inject("clusterNodes");
    const owners = new Set<string>();
    for (const { host, port } of nodes) {
      const client = respClient(`redis://${host}:${port}`);
      const reply = await client.send("GET", `${prefix}slot`);
      owners.add(reply instanceof RespError ? String(reply.message.split(" ")[2]) : `${host}:${port}`);
      client.close();
    }
    expect(nodes).toHaveLength(3);
    expect(owners.size).toBe(1);
    const cluster = new Cluster(nodes);
    const keys = Array.from({ length: 30 }, (_, i) => `${prefix}${i}`);
    await Promise.all(keys.map((key) => cluster.set(key, key, "PX", 60_000)));
    expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys);
    cluster.disconnect();
  });
});

describe("the TCP proxy", () => {
  let own: RedisServer;
  let proxy: TcpProxy;
  let client: RespClient;

  beforeAll(async () => {
    own = await startRedis();
    proxy = await startTcpProxy(own.port, own.host);
    client = respClient(proxy.url);
  });
  afterAll(async () => {
    client.close();
    await proxy.close();
    await own.stop();
  });
  const pause = (ms: number) => new Promise((resolve) => setTimeout(() => resolve("nothing"), ms));

  test("holds back requests, or only replies, until it is healed", async () => {
    const direct = respClient(own.url);
    expect(await client.send("SET", "k", "0")).toEqual(Buffer.from("OK"));
    for (const [direction, executed] of [
      ["requests", "0"],
      ["replies", "1"],
      ["both", "2"],
    ] as const) {
      proxy.blackhole(true, direction);
      const reply = client.send("INCR", "k");
      expect(await Promise.race([reply, pause(60)])).toBe("nothing");
      expect(String(await direct.send("GET", "k"))).toBe(direction === "replies" ? "2" : executed);
      proxy.blackhole(false);
      expect(await reply).toBe(direction === "requests" ? 1 : direction === "replies" ? 2 : 3);
    }
    direct.close();
  });

  test("cuts connections, loses what it held, and accepts new ones", async () => {
    proxy.blackhole(true, "requests");
    const lost = client.send("SET", "lost", "x");
    const outcome = lost.then(
      () => "answered",
      () => "rejected",
    );
    await pause(30);
    expect(proxy.connections).toBe(1);
    proxy.cut();
    expect(await outcome).toBe("rejected");
    proxy.blackhole(false);
    expect(await client.send("EXISTS", "lost")).toBe(0);
  });

  test("delays each direction", async () => {
    proxy.delay(60);
    const start = performance.now();
    await client.send("PING");
    expect(performance.now() - start).toBeGreaterThan(118);
    proxy.delay(0);
  });
});
